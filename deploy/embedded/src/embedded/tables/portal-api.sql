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
CREATE TABLE agreement_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	location_id CHAR(32) NOT NULL,
	agreement JSON NOT NULL,
	ends_on DATE,
	ended BOOLEAN NOT NULL,
	CONSTRAINT pk_agreement_record PRIMARY KEY (id)
);
CREATE TABLE appointment_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	technician_id CHAR(32),
	start_at DATETIME,
	end_at DATETIME,
	zone VARCHAR(60),
	CONSTRAINT pk_appointment_record PRIMARY KEY (id)
);
CREATE TABLE customer_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	number BIGINT NOT NULL,
	name TEXT NOT NULL,
	kind VARCHAR(10) NOT NULL,
	email TEXT,
	phones JSON NOT NULL,
	merged_into CHAR(32),
	closed BOOLEAN NOT NULL,
	CONSTRAINT pk_customer_record PRIMARY KEY (id)
);
CREATE TABLE dispatch_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	partner TEXT,
	number TEXT,
	trade TEXT,
	lines JSON,
	received_at DATETIME,
	match_version INTEGER NOT NULL,
	customer_id CHAR(32),
	location_id CHAR(32),
	status_version INTEGER NOT NULL,
	status TEXT,
	status_at DATETIME,
	closed BOOLEAN NOT NULL,
	CONSTRAINT pk_dispatch_record PRIMARY KEY (id)
);
CREATE TABLE equipment_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	location_id CHAR(32) NOT NULL,
	equipment JSON NOT NULL,
	removed BOOLEAN NOT NULL,
	CONSTRAINT pk_equipment_record PRIMARY KEY (id)
);
CREATE TABLE held (
	technician_id CHAR(32) NOT NULL,
	quarter DATETIME NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	CONSTRAINT pk_held PRIMARY KEY (technician_id, quarter)
);
CREATE TABLE invoice_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	customer_id CHAR(32) NOT NULL,
	location_id CHAR(32),
	dispatch_id CHAR(32),
	state VARCHAR(20) NOT NULL,
	bill_to_partner BOOLEAN NOT NULL,
	payable BOOLEAN NOT NULL,
	issued_on DATE NOT NULL,
	currency VARCHAR(3) NOT NULL,
	total BIGINT NOT NULL,
	balance BIGINT NOT NULL,
	invoice JSON NOT NULL, collectable BIGINT,
	CONSTRAINT pk_invoice_record PRIMARY KEY (id)
);
CREATE TABLE location_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	customer_id CHAR(32) NOT NULL,
	address JSON NOT NULL,
	zone VARCHAR(60) NOT NULL,
	closed BOOLEAN NOT NULL,
	CONSTRAINT pk_location_record PRIMARY KEY (id)
);
CREATE TABLE payment_record (
	id CHAR(32) NOT NULL,
	payment_id CHAR(32),
	invoice_id CHAR(32),
	customer_id CHAR(32) NOT NULL,
	amount BIGINT NOT NULL,
	currency VARCHAR(3) NOT NULL,
	method VARCHAR(20),
	brand VARCHAR(40),
	last4 VARCHAR(4),
	at DATETIME NOT NULL,
	CONSTRAINT pk_payment_record PRIMARY KEY (id)
);
CREATE TABLE photo (
	id CHAR(32) NOT NULL,
	location_id CHAR(32) NOT NULL,
	account_id CHAR(32) NOT NULL,
	request_id CHAR(32),
	at DATETIME NOT NULL,
	jpeg BLOB NOT NULL,
	width INTEGER NOT NULL,
	height INTEGER NOT NULL,
	CONSTRAINT pk_photo PRIMARY KEY (id)
);
CREATE TABLE record_change (
	id CHAR(32) NOT NULL,
	customer_id CHAR(32) NOT NULL,
	location_id CHAR(32) NOT NULL,
	account_id CHAR(32) NOT NULL,
	asked_at DATETIME NOT NULL,
	edit JSON NOT NULL,
	state VARCHAR(10) NOT NULL,
	answer TEXT,
	CONSTRAINT pk_record_change PRIMARY KEY (id)
);
CREATE TABLE request (
	serial INTEGER NOT NULL,
	id CHAR(32) NOT NULL,
	location_id CHAR(32) NOT NULL,
	account_id CHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_request PRIMARY KEY (serial),
	CONSTRAINT uq_request_id UNIQUE (id)
);
CREATE TABLE status_record (
	dispatch_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	status TEXT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_status_record PRIMARY KEY (dispatch_id, version)
);
CREATE TABLE technician_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	name TEXT NOT NULL,
	is_default BOOLEAN NOT NULL,
	retired BOOLEAN NOT NULL,
	CONSTRAINT pk_technician_record PRIMARY KEY (id)
);
CREATE TABLE visit_change (
	id CHAR(32) NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	location_id CHAR(32) NOT NULL,
	account_id CHAR(32) NOT NULL,
	action VARCHAR(20) NOT NULL,
	asked_at DATETIME NOT NULL,
	start_at DATETIME,
	end_at DATETIME,
	preferred TEXT,
	reason TEXT,
	state VARCHAR(10) NOT NULL,
	answer TEXT,
	open_key CHAR(32),
	CONSTRAINT pk_visit_change PRIMARY KEY (id),
	CONSTRAINT uq_visit_change_open_key UNIQUE (open_key)
);
CREATE TABLE account (
	id CHAR(32) NOT NULL,
	kind VARCHAR(10) NOT NULL,
	user_name VARCHAR(320) NOT NULL,
	name TEXT NOT NULL,
	email VARCHAR(320),
	role VARCHAR(30) NOT NULL,
	customer_id CHAR(32),
	location_id CHAR(32),
	state VARCHAR(10) NOT NULL,
	password_hash TEXT,
	must_change BOOLEAN NOT NULL,
	password_ends_at DATETIME,
	totp TEXT,
	totp_on BOOLEAN NOT NULL,
	totp_step INTEGER,
	version INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	last_logon_at DATETIME,
	CONSTRAINT pk_account PRIMARY KEY (id)
);
CREATE TABLE attempt (
	"key" VARCHAR(100) NOT NULL,
	count INTEGER NOT NULL,
	ends_at DATETIME NOT NULL,
	CONSTRAINT pk_attempt PRIMARY KEY ("key")
);
CREATE TABLE reset_request (
	id CHAR(32) NOT NULL,
	user_name VARCHAR(320) NOT NULL,
	asked_at DATETIME NOT NULL,
	CONSTRAINT pk_reset_request PRIMARY KEY (id)
);
CREATE TABLE password_reset (
	account_id CHAR(32) NOT NULL,
	token_hash BLOB NOT NULL,
	ends_at DATETIME NOT NULL,
	CONSTRAINT pk_password_reset PRIMARY KEY (account_id),
	CONSTRAINT fk_password_reset_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE,
	CONSTRAINT uq_password_reset_token_hash UNIQUE (token_hash)
);
CREATE TABLE recovery_code (
	account_id CHAR(32) NOT NULL,
	code_hash BLOB NOT NULL,
	CONSTRAINT pk_recovery_code PRIMARY KEY (account_id, code_hash),
	CONSTRAINT fk_recovery_code_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
);
CREATE TABLE session (
	id CHAR(32) NOT NULL,
	token_hash BLOB NOT NULL,
	account_id CHAR(32) NOT NULL,
	created_at DATETIME NOT NULL,
	active_at DATETIME NOT NULL,
	ends_at DATETIME NOT NULL,
	address VARCHAR(64) NOT NULL,
	agent VARCHAR(200) NOT NULL,
	CONSTRAINT pk_session PRIMARY KEY (id),
	CONSTRAINT fk_session_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE,
	CONSTRAINT uq_session_token_hash UNIQUE (token_hash)
);
CREATE TABLE signing_key (
	number INTEGER NOT NULL,
	kid VARCHAR(43) NOT NULL,
	public VARCHAR(43) NOT NULL,
	sealed TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	signs_from DATETIME NOT NULL,
	published_until DATETIME,
	CONSTRAINT pk_signing_key PRIMARY KEY (number),
	CONSTRAINT uq_signing_key_kid UNIQUE (kid)
);
CREATE TABLE api_client (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	name VARCHAR(100) NOT NULL,
	roles JSON NOT NULL,
	scopes JSON NOT NULL,
	secret_hash BLOB NOT NULL,
	previous_hash BLOB,
	previous_until DATETIME,
	created_at DATETIME NOT NULL,
	created_by VARCHAR(200) NOT NULL,
	last_used_at DATETIME,
	revoked_at DATETIME,
	CONSTRAINT pk_api_client PRIMARY KEY (id)
);
CREATE TABLE webhook_subscription (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	url TEXT NOT NULL,
	events JSON NOT NULL,
	description TEXT,
	enabled BOOLEAN NOT NULL,
	disabled_because TEXT,
	secret TEXT NOT NULL,
	previous_secret TEXT,
	previous_ends_at DATETIME,
	failing_since DATETIME,
	paused_until DATETIME,
	created_by VARCHAR(200) NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_webhook_subscription PRIMARY KEY (id)
);
CREATE TABLE webhook_event (
	id CHAR(32) NOT NULL,
	type VARCHAR(80) NOT NULL,
	body TEXT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_webhook_event PRIMARY KEY (id)
);
CREATE TABLE webhook_delivery (
	id CHAR(32) NOT NULL,
	subscription_id CHAR(32) NOT NULL,
	event_id CHAR(32) NOT NULL,
	state VARCHAR(10) NOT NULL,
	attempts INTEGER NOT NULL,
	lease INTEGER NOT NULL,
	due_at DATETIME NOT NULL,
	created_at DATETIME NOT NULL,
	settled_at DATETIME,
	CONSTRAINT pk_webhook_delivery PRIMARY KEY (id),
	CONSTRAINT fk_webhook_delivery_event_id FOREIGN KEY(event_id) REFERENCES webhook_event (id) ON DELETE CASCADE,
	CONSTRAINT fk_webhook_delivery_subscription_id FOREIGN KEY(subscription_id) REFERENCES webhook_subscription (id) ON DELETE CASCADE
);
CREATE TABLE webhook_attempt (
	id CHAR(32) NOT NULL,
	delivery_id CHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	seconds FLOAT NOT NULL,
	status INTEGER,
	answer TEXT,
	CONSTRAINT pk_webhook_attempt PRIMARY KEY (id),
	CONSTRAINT fk_webhook_attempt_delivery_id FOREIGN KEY(delivery_id) REFERENCES webhook_delivery (id) ON DELETE CASCADE
);
CREATE TABLE stream_event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	at DATETIME NOT NULL,
	type VARCHAR(40) NOT NULL,
	subject CHAR(32) NOT NULL,
	version INTEGER,
	location_id CHAR(32),
	changed JSON NOT NULL
);
CREATE TABLE company (
	id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	about JSON NOT NULL,
	smtp_password TEXT,
	logo BLOB,
	logo_type VARCHAR(20),
	edited_at DATETIME NOT NULL,
	edited_by VARCHAR(200) NOT NULL,
	CONSTRAINT pk_company PRIMARY KEY (id)
);
CREATE TABLE message_template (
	message VARCHAR(120) NOT NULL,
	version INTEGER NOT NULL,
	subject TEXT NOT NULL,
	text TEXT NOT NULL,
	html TEXT NOT NULL,
	enabled BOOLEAN NOT NULL,
	hours INTEGER NOT NULL,
	edited_at DATETIME NOT NULL,
	edited_by VARCHAR(200) NOT NULL,
	CONSTRAINT pk_message_template PRIMARY KEY (message)
);
CREATE TABLE outgoing (
	id CHAR(32) NOT NULL,
	message VARCHAR(120) NOT NULL,
	recipient VARCHAR(320) NOT NULL,
	about CHAR(32),
	once VARCHAR(120),
	sealed TEXT,
	state VARCHAR(12) NOT NULL,
	due_at DATETIME NOT NULL,
	attempts INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	settled_at DATETIME,
	answer TEXT,
	CONSTRAINT pk_outgoing PRIMARY KEY (id),
	CONSTRAINT uq_outgoing_once UNIQUE (once)
);
CREATE TABLE unsubscribed (
	email VARCHAR(320) NOT NULL,
	at DATETIME NOT NULL,
	"by" VARCHAR(200) NOT NULL,
	CONSTRAINT pk_unsubscribed PRIMARY KEY (email)
);
CREATE TABLE status_notice (
	dispatch_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	code VARCHAR(100) NOT NULL,
	at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	until DATETIME NOT NULL,
	state VARCHAR(12) NOT NULL,
	CONSTRAINT pk_status_notice PRIMARY KEY (dispatch_id, version)
);
CREATE TABLE office_code (
	code VARCHAR(100) NOT NULL,
	seen_at DATETIME NOT NULL, version INTEGER DEFAULT '0' NOT NULL, retired BOOLEAN DEFAULT 0 NOT NULL,
	CONSTRAINT pk_office_code PRIMARY KEY (code)
);
CREATE TABLE reminder (
	appointment_id CHAR(32) NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	start_at DATETIME,
	end_at DATETIME,
	zone VARCHAR(60),
	told JSON,
	state VARCHAR(12) NOT NULL, due_at DATETIME, tries INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_reminder PRIMARY KEY (appointment_id)
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
CREATE TABLE payment_part (
	payment_record_id CHAR(32) NOT NULL,
	invoice_id CHAR(32) NOT NULL,
	amount BIGINT NOT NULL,
	CONSTRAINT pk_payment_part PRIMARY KEY (payment_record_id, invoice_id)
);
CREATE TABLE card_record (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	customer_id CHAR(32) NOT NULL,
	brand VARCHAR(40),
	last4 VARCHAR(4),
	expires VARCHAR(7),
	removed BOOLEAN NOT NULL,
	removing DATETIME,
	CONSTRAINT pk_card_record PRIMARY KEY (id)
);
INSERT INTO "alembic_version" VALUES ('0011');
CREATE INDEX ix_audit_subject ON audit (subject);
CREATE INDEX ix_idempotency_at ON idempotency (at);
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_outbox_due_at_seq ON outbox (due_at, seq);
CREATE INDEX ix_agreement_record_location_id ON agreement_record (location_id);
CREATE INDEX ix_appointment_record_dispatch_id ON appointment_record (dispatch_id);
CREATE INDEX ix_appointment_record_technician ON appointment_record (technician_id, end_at) WHERE start_at IS NOT NULL;
CREATE INDEX ix_dispatch_record_location ON dispatch_record (location_id, received_at, id);
CREATE INDEX ix_equipment_record_location_id ON equipment_record (location_id);
CREATE INDEX ix_held_dispatch_id ON held (dispatch_id);
CREATE INDEX ix_invoice_record_location ON invoice_record (location_id, issued_on, id);
CREATE INDEX ix_location_record_customer_id ON location_record (customer_id);
CREATE INDEX ix_payment_record_invoice_id ON payment_record (invoice_id);
CREATE INDEX ix_photo_account_id ON photo (account_id);
CREATE INDEX ix_photo_request_id ON photo (request_id);
CREATE INDEX ix_record_change_location ON record_change (location_id, asked_at);
CREATE INDEX ix_request_location ON request (location_id, at);
CREATE INDEX ix_visit_change_dispatch ON visit_change (dispatch_id, asked_at);
CREATE INDEX ix_account_location_id ON account (location_id);
CREATE INDEX ix_attempt_ends_at ON attempt (ends_at);
CREATE INDEX ix_session_account_id ON session (account_id);
CREATE INDEX ix_session_ends_at ON session (ends_at);
CREATE UNIQUE INDEX uq_api_client_name ON api_client (name) WHERE revoked_at IS NULL;
CREATE INDEX ix_webhook_event_at ON webhook_event (at);
CREATE INDEX ix_webhook_delivery_event_id ON webhook_delivery (event_id);
CREATE INDEX ix_webhook_delivery_newest ON webhook_delivery (subscription_id, id);
CREATE INDEX ix_webhook_delivery_waiting ON webhook_delivery (subscription_id, due_at) WHERE state = 'waiting';
CREATE UNIQUE INDEX uq_webhook_delivery_subscription_id_event_id ON webhook_delivery (subscription_id, event_id);
CREATE INDEX ix_webhook_attempt_delivery_id ON webhook_attempt (delivery_id);
CREATE INDEX ix_stream_event_at ON stream_event (at);
CREATE INDEX ix_outgoing_about ON outgoing (about);
CREATE INDEX ix_outgoing_state_due_at ON outgoing (state, due_at);
CREATE INDEX ix_status_notice_state_due_at ON status_notice (state, due_at);
CREATE INDEX ix_reminder_state_start_at ON reminder (state, start_at);
CREATE UNIQUE INDEX uq_account_user_name ON account (user_name) WHERE state NOT IN ('closed', 'elsewhere');
CREATE INDEX ix_payment_part_invoice_id ON payment_part (invoice_id);
CREATE INDEX ix_card_record_customer_id ON card_record (customer_id);
COMMIT;
