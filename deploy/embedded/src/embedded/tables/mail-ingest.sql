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
CREATE TABLE forward (
	id CHAR(32) NOT NULL,
	mail_id CHAR(32) NOT NULL,
	round INTEGER NOT NULL,
	kind VARCHAR(10) NOT NULL,
	recipient VARCHAR(320) NOT NULL,
	state VARCHAR(10) NOT NULL,
	due_at DATETIME NOT NULL,
	attempts INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	sent_at DATETIME,
	error VARCHAR,
	CONSTRAINT pk_forward PRIMARY KEY (id),
	CONSTRAINT uq_forward_mail_id_round UNIQUE (mail_id, round)
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
CREATE TABLE mail (
	id CHAR(32) NOT NULL,
	mailbox_id CHAR(32) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	occurrence INTEGER NOT NULL,
	source VARCHAR(10) NOT NULL,
	uid VARCHAR(255) NOT NULL,
	size INTEGER NOT NULL,
	received_at DATETIME NOT NULL,
	deleted_at DATETIME,
	state VARCHAR(10) NOT NULL,
	due_at DATETIME NOT NULL,
	attempts INTEGER NOT NULL,
	round INTEGER NOT NULL,
	sender VARCHAR,
	subject VARCHAR,
	message_id VARCHAR,
	partner VARCHAR(40) NOT NULL,
	number VARCHAR(40),
	dispatch_id CHAR(32),
	outcome VARCHAR(10),
	code VARCHAR(40),
	reason VARCHAR,
	place JSON,
	warnings JSON NOT NULL,
	correction JSON,
	settled_at DATETIME, listed_size INTEGER, kept_since DATETIME,
	CONSTRAINT pk_mail PRIMARY KEY (id),
	CONSTRAINT uq_mail_mailbox_id_sha256_occurrence UNIQUE (mailbox_id, sha256, occurrence)
);
CREATE TABLE mailbox (
	id CHAR(32) NOT NULL,
	name VARCHAR(100) NOT NULL,
	enabled BOOLEAN NOT NULL,
	kind VARCHAR(10) NOT NULL,
	host VARCHAR(255) NOT NULL,
	port INTEGER NOT NULL,
	security VARCHAR(10) NOT NULL,
	ca_file VARCHAR NOT NULL,
	user VARCHAR(255) NOT NULL,
	sealed_password VARCHAR NOT NULL,
	path VARCHAR NOT NULL,
	folder VARCHAR(255) NOT NULL,
	address VARCHAR(320) NOT NULL,
	partner VARCHAR(40) NOT NULL,
	customer VARCHAR(200) NOT NULL,
	vendor_id VARCHAR(40) NOT NULL,
	authserv_id VARCHAR(255) NOT NULL,
	results_below_received BOOLEAN NOT NULL,
	trusted_senders JSON NOT NULL,
	processed_to VARCHAR(320) NOT NULL,
	error_to VARCHAR(320) NOT NULL,
	return_name VARCHAR(200) NOT NULL,
	return_address VARCHAR(320) NOT NULL,
	repeats VARCHAR(10) NOT NULL,
	keep_days INTEGER NOT NULL,
	poll_seconds INTEGER NOT NULL,
	version INTEGER NOT NULL,
	lease_by VARCHAR(40) NOT NULL,
	lease_until DATETIME,
	next_poll_at DATETIME NOT NULL,
	polled_at DATETIME,
	poll_error VARCHAR,
	CONSTRAINT pk_mailbox PRIMARY KEY (id)
);
CREATE TABLE outbox (
	seq INTEGER NOT NULL,
	name VARCHAR(80) NOT NULL,
	body TEXT NOT NULL,
	due_at DATETIME NOT NULL,
	attempts INTEGER NOT NULL, refusals INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (seq)
);
CREATE TABLE raw_mail (
	mail_id CHAR(32) NOT NULL,
	raw BLOB NOT NULL,
	CONSTRAINT pk_raw_mail PRIMARY KEY (mail_id)
);
CREATE TABLE company (
	id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	about JSON NOT NULL,
	CONSTRAINT pk_company PRIMARY KEY (id)
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
INSERT INTO "alembic_version" VALUES ('0005');
CREATE INDEX ix_audit_subject ON audit (subject);
CREATE INDEX ix_forward_state_due_at ON forward (state, due_at);
CREATE INDEX ix_idempotency_at ON idempotency (at);
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_mail_mailbox_id_id ON mail (mailbox_id, id);
CREATE INDEX ix_mail_number ON mail (number);
CREATE INDEX ix_mail_outcome_id ON mail (outcome, id);
CREATE INDEX ix_mail_state_due_at ON mail (state, due_at);
CREATE INDEX ix_outbox_due_at_seq ON outbox (due_at, seq);
CREATE INDEX ix_mail_kept_since ON mail (mailbox_id, kept_since);
COMMIT;
