BEGIN;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE audit (
	seq INTEGER NOT NULL,
	at DATETIME NOT NULL,
	who VARCHAR(200) NOT NULL,
	action VARCHAR(100) NOT NULL,
	subject VARCHAR(100) NOT NULL,
	"before" JSON,
	"after" JSON,
	CONSTRAINT pk_audit PRIMARY KEY (seq)
);
CREATE TABLE dead_letter (
	id CHAR(32) NOT NULL,
	name VARCHAR(80) NOT NULL,
	body TEXT NOT NULL,
	reason TEXT NOT NULL,
	died_at DATETIME NOT NULL,
	CONSTRAINT pk_dead_letter PRIMARY KEY (id)
);
CREATE TABLE idempotency (
	"key" VARCHAR(64) NOT NULL,
	request VARCHAR(64) NOT NULL,
	status INTEGER,
	headers JSON,
	body BLOB,
	at DATETIME NOT NULL,
	CONSTRAINT pk_idempotency PRIMARY KEY ("key")
);
CREATE TABLE inbox (
	event_id CHAR(32) NOT NULL,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_inbox PRIMARY KEY (event_id)
);
CREATE TABLE outbox (
	seq INTEGER NOT NULL,
	name VARCHAR(80) NOT NULL,
	body TEXT NOT NULL,
	due_at DATETIME NOT NULL,
	attempts INTEGER NOT NULL, refusals INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (seq)
);
CREATE TABLE alert (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	kind VARCHAR(30) NOT NULL,
	attempt_id CHAR(32),
	text TEXT NOT NULL,
	raised_at DATETIME NOT NULL,
	settled_at DATETIME,
	settled_by VARCHAR(200),
	note TEXT, subject_id CHAR(32),
	CONSTRAINT pk_alert PRIMARY KEY (id)
);
CREATE TABLE company (
	id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	content JSON NOT NULL,
	CONSTRAINT pk_company PRIMARY KEY (id)
);
CREATE TABLE counter (
	name VARCHAR(20) NOT NULL,
	last BIGINT NOT NULL,
	CONSTRAINT pk_counter PRIMARY KEY (name)
);
CREATE TABLE customer (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	number BIGINT NOT NULL,
	name TEXT NOT NULL,
	kind VARCHAR(10) NOT NULL,
	email TEXT,
	merged_into CHAR(32),
	closed BOOLEAN NOT NULL,
	CONSTRAINT pk_customer PRIMARY KEY (id)
);
CREATE TABLE dispatch (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	number TEXT,
	partner TEXT,
	problem TEXT,
	fee_open BIGINT,
	currency VARCHAR(3),
	do_not_collect BOOLEAN NOT NULL,
	do_not_collect_because TEXT,
	match_version INTEGER NOT NULL,
	customer_id CHAR(32),
	location_id CHAR(32),
	bill_to_id CHAR(32),
	CONSTRAINT pk_dispatch PRIMARY KEY (id)
);
CREATE TABLE gateway_account (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	gateway VARCHAR(30) NOT NULL,
	name TEXT NOT NULL,
	options JSON NOT NULL,
	secrets TEXT NOT NULL,
	avs_policy VARCHAR(10) NOT NULL,
	cvv_policy VARCHAR(10) NOT NULL,
	default_cards BOOLEAN NOT NULL,
	default_portal BOOLEAN NOT NULL,
	closed BOOLEAN NOT NULL,
	tested_at DATETIME,
	test_result TEXT,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL, compared_on DATE,
	CONSTRAINT pk_gateway_account PRIMARY KEY (id)
);
CREATE TABLE gateway_token (
	account_id CHAR(32) NOT NULL,
	sealed TEXT NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_gateway_token PRIMARY KEY (account_id)
);
CREATE TABLE invoice (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	kind VARCHAR(12) NOT NULL,
	state VARCHAR(10) NOT NULL,
	number VARCHAR(40),
	customer_id CHAR(32) NOT NULL,
	location_id CHAR(32),
	dispatch_id CHAR(32),
	bill_to_partner BOOLEAN NOT NULL,
	debtor_id CHAR(32) NOT NULL,
	credits_id CHAR(32),
	currency VARCHAR(3) NOT NULL,
	issued_on DATE,
	due_on DATE,
	terms_days INTEGER NOT NULL,
	discount BIGINT NOT NULL,
	tax_rate VARCHAR(12) NOT NULL,
	subtotal BIGINT NOT NULL,
	tax BIGINT NOT NULL,
	total BIGINT NOT NULL,
	deposit BIGINT NOT NULL,
	note TEXT,
	reason TEXT,
	made_by VARCHAR(200) NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL, voided_on DATE, links_since DATETIME,
	CONSTRAINT pk_invoice PRIMARY KEY (id),
	CONSTRAINT fk_invoice_credits_id FOREIGN KEY(credits_id) REFERENCES invoice (id),
	CONSTRAINT uq_invoice_number UNIQUE (number)
);
CREATE TABLE location (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	customer_id CHAR(32) NOT NULL,
	address JSON NOT NULL,
	zone VARCHAR(50) NOT NULL,
	closed BOOLEAN NOT NULL,
	CONSTRAINT pk_location PRIMARY KEY (id)
);
CREATE TABLE saved_card (
	id CHAR(32) NOT NULL,
	debtor_id CHAR(32) NOT NULL,
	account_id CHAR(32) NOT NULL,
	sealed TEXT NOT NULL,
	brand VARCHAR(30),
	last4 VARCHAR(4),
	closed BOOLEAN NOT NULL,
	saved_by VARCHAR(200) NOT NULL,
	created_at DATETIME NOT NULL, expires VARCHAR(7), consent TEXT, version INTEGER DEFAULT '1' NOT NULL, removed_at DATETIME, removed_by VARCHAR(200),
	CONSTRAINT pk_saved_card PRIMARY KEY (id)
);
CREATE TABLE ticket (
	jti VARCHAR(64) NOT NULL,
	used_at DATETIME NOT NULL,
	CONSTRAINT pk_ticket PRIMARY KEY (jti)
);
CREATE TABLE attempt (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	short_ref VARCHAR(8) NOT NULL,
	debtor_id CHAR(32) NOT NULL,
	account_id CHAR(32) NOT NULL,
	gateway VARCHAR(30) NOT NULL,
	kind VARCHAR(10) NOT NULL,
	channel VARCHAR(10) NOT NULL,
	state VARCHAR(20) NOT NULL,
	amount BIGINT NOT NULL,
	currency VARCHAR(3) NOT NULL,
	caller VARCHAR(200) NOT NULL,
	order_ref TEXT,
	return_secret TEXT,
	redirect_url TEXT,
	return_to TEXT,
	gateway_ref TEXT,
	auth_code TEXT,
	avs VARCHAR(20),
	cvv VARCHAR(20),
	last4 VARCHAR(4),
	brand VARCHAR(30),
	code TEXT,
	message TEXT,
	review TEXT,
	extra JSON NOT NULL,
	expires_at DATETIME,
	next_check_at DATETIME,
	checks INTEGER NOT NULL,
	not_found INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_attempt PRIMARY KEY (id),
	CONSTRAINT fk_attempt_account_id FOREIGN KEY(account_id) REFERENCES gateway_account (id),
	CONSTRAINT uq_attempt_short_ref UNIQUE (short_ref)
);
CREATE TABLE difference (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	account_id CHAR(32) NOT NULL,
	day DATE NOT NULL,
	kind VARCHAR(20) NOT NULL,
	reference TEXT NOT NULL,
	attempt_id CHAR(32),
	ours BIGINT,
	theirs BIGINT,
	found_at DATETIME NOT NULL,
	settled_at DATETIME, settled_by VARCHAR(200), note TEXT, currency VARCHAR(3),
	CONSTRAINT pk_difference PRIMARY KEY (id),
	CONSTRAINT fk_difference_account_id FOREIGN KEY(account_id) REFERENCES gateway_account (id),
	CONSTRAINT uq_difference_once UNIQUE (account_id, day, kind, reference)
);
CREATE TABLE invoice_line (
	invoice_id CHAR(32) NOT NULL,
	position INTEGER NOT NULL,
	kind VARCHAR(12) NOT NULL,
	description TEXT NOT NULL,
	quantity VARCHAR(20) NOT NULL,
	unit_price BIGINT NOT NULL,
	discount BIGINT NOT NULL,
	taxable BOOLEAN NOT NULL,
	amount BIGINT NOT NULL, unit_tenths INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_invoice_line PRIMARY KEY (invoice_id, position),
	CONSTRAINT fk_invoice_line_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id) ON DELETE CASCADE
);
CREATE TABLE webhook (
	id CHAR(32) NOT NULL,
	account_id CHAR(32) NOT NULL,
	external_id VARCHAR(200) NOT NULL,
	kind VARCHAR(100) NOT NULL,
	state VARCHAR(10) NOT NULL,
	body BLOB NOT NULL,
	finding JSON,
	attempt_id CHAR(32),
	reason TEXT,
	tries INTEGER NOT NULL,
	due_at DATETIME,
	received_at DATETIME NOT NULL, charge_ref VARCHAR(200),
	CONSTRAINT pk_webhook PRIMARY KEY (id),
	CONSTRAINT fk_webhook_account_id FOREIGN KEY(account_id) REFERENCES gateway_account (id),
	CONSTRAINT uq_webhook_external UNIQUE (account_id, external_id)
);
CREATE TABLE attempt_invoice (
	attempt_id CHAR(32) NOT NULL,
	invoice_id CHAR(32) NOT NULL,
	amount BIGINT NOT NULL,
	open BOOLEAN NOT NULL,
	CONSTRAINT pk_attempt_invoice PRIMARY KEY (attempt_id, invoice_id),
	CONSTRAINT fk_attempt_invoice_attempt_id FOREIGN KEY(attempt_id) REFERENCES attempt (id),
	CONSTRAINT fk_attempt_invoice_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);
CREATE TABLE operation (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	attempt_id CHAR(32) NOT NULL,
	kind VARCHAR(10) NOT NULL,
	amount BIGINT NOT NULL,
	state VARCHAR(20) NOT NULL,
	request_id VARCHAR(64) NOT NULL,
	caller VARCHAR(200),
	idempotency_key VARCHAR(200),
	request_hash VARCHAR(64),
	gateway_ref TEXT,
	code TEXT,
	message TEXT,
	reason TEXT,
	next_check_at DATETIME,
	checks INTEGER NOT NULL,
	not_found INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_operation PRIMARY KEY (id),
	CONSTRAINT fk_operation_attempt_id FOREIGN KEY(attempt_id) REFERENCES attempt (id),
	CONSTRAINT uq_operation_caller_key UNIQUE (caller, idempotency_key),
	CONSTRAINT uq_operation_request_id UNIQUE (request_id)
);
CREATE TABLE payment_event (
	seq INTEGER NOT NULL,
	attempt_id CHAR(32) NOT NULL,
	operation_id CHAR(32),
	at DATETIME NOT NULL,
	source VARCHAR(20) NOT NULL,
	what VARCHAR(40) NOT NULL,
	amount BIGINT,
	who VARCHAR(200) NOT NULL,
	details JSON NOT NULL,
	CONSTRAINT pk_payment_event PRIMARY KEY (seq),
	CONSTRAINT fk_payment_event_attempt_id FOREIGN KEY(attempt_id) REFERENCES attempt (id)
);
CREATE TABLE payment (
	id CHAR(32) NOT NULL,
	debtor_id CHAR(32) NOT NULL,
	method VARCHAR(10) NOT NULL,
	amount BIGINT NOT NULL,
	currency VARCHAR(3) NOT NULL,
	operation_id CHAR(32),
	gateway VARCHAR(30),
	brand VARCHAR(30),
	last4 VARCHAR(4),
	reference TEXT,
	dispatch_id CHAR(32),
	note TEXT,
	recorded_by VARCHAR(200) NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_payment PRIMARY KEY (id),
	CONSTRAINT fk_payment_operation_id FOREIGN KEY(operation_id) REFERENCES operation (id),
	CONSTRAINT uq_payment_operation_id UNIQUE (operation_id)
);
CREATE TABLE entry (
	id CHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	debtor_id CHAR(32) NOT NULL,
	invoice_id CHAR(32),
	payment_id CHAR(32),
	credit_note_id CHAR(32),
	operation_id CHAR(32),
	kind VARCHAR(12) NOT NULL,
	amount BIGINT NOT NULL,
	currency VARCHAR(3) NOT NULL,
	who VARCHAR(200) NOT NULL, refund_id CHAR(32), reason TEXT,
	CONSTRAINT pk_entry PRIMARY KEY (id),
	CONSTRAINT fk_entry_credit_note_id FOREIGN KEY(credit_note_id) REFERENCES invoice (id),
	CONSTRAINT fk_entry_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id),
	CONSTRAINT fk_entry_operation_id FOREIGN KEY(operation_id) REFERENCES operation (id),
	CONSTRAINT fk_entry_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id)
);
CREATE TABLE invoice_mail (
	id CHAR(32) NOT NULL,
	invoice_id CHAR(32) NOT NULL,
	recipient VARCHAR(320) NOT NULL,
	state VARCHAR(10) NOT NULL,
	attempts INTEGER NOT NULL,
	answer TEXT,
	asked_by VARCHAR(200) NOT NULL,
	due_at DATETIME NOT NULL,
	created_at DATETIME NOT NULL,
	settled_at DATETIME, kind VARCHAR(10) DEFAULT 'invoice' NOT NULL,
	CONSTRAINT pk_invoice_mail PRIMARY KEY (id),
	CONSTRAINT fk_invoice_mail_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);
CREATE TABLE gateway_connection (
	account_id CHAR(32) NOT NULL,
	company TEXT NOT NULL,
	connected_at DATETIME NOT NULL,
	connected_by VARCHAR(200) NOT NULL,
	renew_by DATETIME,
	refused_at DATETIME,
	CONSTRAINT pk_gateway_connection PRIMARY KEY (account_id),
	CONSTRAINT fk_gateway_connection_account_id FOREIGN KEY(account_id) REFERENCES gateway_account (id)
);
CREATE TABLE gateway_consent (
	state_hash VARCHAR(64) NOT NULL,
	account_id CHAR(32) NOT NULL,
	browser_hash VARCHAR(64) NOT NULL,
	who VARCHAR(200) NOT NULL,
	expires_at DATETIME NOT NULL,
	CONSTRAINT pk_gateway_consent PRIMARY KEY (state_hash),
	CONSTRAINT fk_gateway_consent_account_id FOREIGN KEY(account_id) REFERENCES gateway_account (id)
);
CREATE TABLE parked (
	place INTEGER NOT NULL,
	id CHAR(32) NOT NULL,
	name VARCHAR(80) NOT NULL,
	subject TEXT,
	body TEXT NOT NULL,
	reason TEXT NOT NULL,
	parked_at DATETIME NOT NULL,
	CONSTRAINT pk_parked PRIMARY KEY (place)
);
CREATE TABLE reminder_setting (
	id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	enabled BOOLEAN NOT NULL,
	days JSON NOT NULL,
	since DATE,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_reminder_setting PRIMARY KEY (id)
);
CREATE TABLE invoice_reminder (
	invoice_id CHAR(32) NOT NULL,
	days INTEGER NOT NULL,
	mail_id CHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_invoice_reminder PRIMARY KEY (invoice_id, days),
	CONSTRAINT fk_invoice_reminder_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id)
);
CREATE TABLE dispute (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	attempt_id CHAR(32) NOT NULL,
	reference VARCHAR(200) NOT NULL,
	named BOOLEAN NOT NULL,
	state VARCHAR(12) NOT NULL,
	amount BIGINT,
	withdrawn BIGINT NOT NULL,
	fee BIGINT,
	currency VARCHAR(3) NOT NULL,
	reason TEXT,
	stages JSON NOT NULL,
	opened_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_dispute PRIMARY KEY (id),
	CONSTRAINT fk_dispute_attempt_id_attempt FOREIGN KEY(attempt_id) REFERENCES attempt (id),
	CONSTRAINT uq_dispute_reference UNIQUE (attempt_id, reference)
);
CREATE TABLE token_renewal (
	account_id CHAR(32) NOT NULL,
	until DATETIME NOT NULL,
	CONSTRAINT pk_token_renewal PRIMARY KEY (account_id)
);
INSERT INTO "alembic_version" VALUES ('0011');
CREATE INDEX ix_audit_subject ON audit (subject);
CREATE INDEX ix_idempotency_at ON idempotency (at);
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_outbox_due_at_seq ON outbox (due_at, seq);
CREATE INDEX ix_alert_attempt_id ON alert (attempt_id);
CREATE INDEX ix_alert_raised_at ON alert (raised_at);
CREATE INDEX ix_dispatch_customer_id ON dispatch (customer_id);
CREATE UNIQUE INDEX ix_gateway_account_cards ON gateway_account (default_cards) WHERE default_cards;
CREATE UNIQUE INDEX ix_gateway_account_portal ON gateway_account (default_portal) WHERE default_portal;
CREATE INDEX ix_invoice_created_at_id ON invoice (created_at, id);
CREATE INDEX ix_invoice_credits_id ON invoice (credits_id);
CREATE INDEX ix_invoice_dispatch_id ON invoice (dispatch_id);
CREATE INDEX ix_location_customer_id ON location (customer_id);
CREATE INDEX ix_saved_card_debtor_id ON saved_card (debtor_id);
CREATE INDEX ix_attempt_debtor_id ON attempt (debtor_id);
CREATE INDEX ix_attempt_due ON attempt (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE UNIQUE INDEX ix_attempt_one_of_a_reference ON attempt (account_id, gateway_ref) WHERE gateway_ref IS NOT NULL;
CREATE INDEX ix_attempt_order_ref ON attempt (order_ref);
CREATE INDEX ix_attempt_state_created_at ON attempt (state, created_at, id);
CREATE INDEX ix_webhook_due ON webhook (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_attempt_invoice_invoice_id ON attempt_invoice (invoice_id);
CREATE UNIQUE INDEX ix_attempt_invoice_one_open ON attempt_invoice (invoice_id) WHERE open;
CREATE INDEX ix_operation_attempt_id ON operation (attempt_id);
CREATE INDEX ix_operation_due ON operation (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE UNIQUE INDEX ix_operation_one_capture ON operation (attempt_id) WHERE kind = 'capture' AND state NOT IN ('declined', 'failed');
CREATE UNIQUE INDEX ix_operation_one_charge ON operation (attempt_id) WHERE kind IN ('sale', 'authorize');
CREATE INDEX ix_payment_event_attempt_id ON payment_event (attempt_id);
CREATE INDEX ix_payment_at_id ON payment (at, id);
CREATE INDEX ix_entry_invoice_id ON entry (invoice_id);
CREATE INDEX ix_entry_operation_id ON entry (operation_id);
CREATE INDEX ix_entry_payment_id ON entry (payment_id);
CREATE INDEX ix_invoice_mail_invoice_id ON invoice_mail (invoice_id);
CREATE INDEX ix_invoice_mail_due ON invoice_mail (due_at) WHERE state = 'waiting';
CREATE INDEX ix_gateway_consent_account_id ON gateway_consent (account_id);
CREATE INDEX ix_invoice_customer_id_created_at ON invoice (customer_id, created_at, id);
CREATE INDEX ix_payment_debtor_id_at ON payment (debtor_id, at, id);
CREATE INDEX ix_customer_merged_into ON customer (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ix_invoice_owed ON invoice (debtor_id, kind, state, due_on, id, issued_on, voided_on, total, currency);
CREATE INDEX ix_entry_booked ON entry (debtor_id, invoice_id, at, amount, currency);
CREATE INDEX ix_entry_refund_id ON entry (refund_id);
CREATE INDEX ix_webhook_attempt_id ON webhook (attempt_id);
CREATE INDEX ix_webhook_charge_ref ON webhook (charge_ref);
CREATE INDEX ix_alert_subject_id ON alert (subject_id);
COMMIT;
