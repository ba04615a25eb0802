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
CREATE TABLE customer (
	number INTEGER NOT NULL,
	id CHAR(32) NOT NULL,
	kind VARCHAR(10) NOT NULL,
	name TEXT NOT NULL,
	sort_name TEXT NOT NULL,
	email TEXT,
	phones JSON NOT NULL,
	note TEXT,
	merged_into CHAR(32),
	version INTEGER NOT NULL,
	closed BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_customer PRIMARY KEY (number),
	CONSTRAINT uq_customer_id UNIQUE (id)
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
CREATE TABLE "match" (
	dispatch_id CHAR(32) NOT NULL,
	dispatch_version INTEGER NOT NULL,
	version INTEGER NOT NULL,
	state VARCHAR(10) NOT NULL,
	score INTEGER NOT NULL,
	reasons JSON NOT NULL,
	ranked JSON NOT NULL,
	customer_id CHAR(32),
	location_id CHAR(32),
	bill_to_id CHAR(32),
	said TEXT NOT NULL,
	decided_by VARCHAR(200),
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_match PRIMARY KEY (dispatch_id)
);
CREATE TABLE match_key (
	"key" TEXT NOT NULL,
	location_id CHAR(32) NOT NULL,
	CONSTRAINT pk_match_key PRIMARY KEY ("key", location_id)
);
CREATE TABLE merge (
	id CHAR(32) NOT NULL,
	from_id CHAR(32) NOT NULL,
	into_id CHAR(32) NOT NULL,
	moved JSON NOT NULL,
	merged_by VARCHAR(200) NOT NULL,
	merged_at DATETIME NOT NULL,
	undone_by VARCHAR(200),
	undone_at DATETIME,
	version INTEGER NOT NULL,
	CONSTRAINT pk_merge PRIMARY KEY (id)
);
CREATE TABLE outbox (
	seq INTEGER NOT NULL,
	name VARCHAR(80) NOT NULL,
	body TEXT NOT NULL,
	due_at DATETIME NOT NULL,
	attempts INTEGER NOT NULL, refusals INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (seq)
);
CREATE TABLE location (
	id CHAR(32) NOT NULL,
	customer_id CHAR(32) NOT NULL,
	address JSON NOT NULL,
	address_key TEXT,
	given TEXT,
	zone VARCHAR(50) NOT NULL,
	names JSON NOT NULL,
	note TEXT,
	replaced_by CHAR(32),
	version INTEGER NOT NULL,
	closed BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL, own_names JSON DEFAULT '[]' NOT NULL,
	CONSTRAINT pk_location PRIMARY KEY (id),
	CONSTRAINT fk_location_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);
CREATE TABLE agreement (
	id CHAR(32) NOT NULL,
	location_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	partner TEXT,
	contract_id TEXT,
	plan_code TEXT,
	starts_on DATE,
	ends_on DATE,
	visits_per_year INTEGER,
	note TEXT,
	version INTEGER NOT NULL,
	closed BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_agreement PRIMARY KEY (id),
	CONSTRAINT fk_agreement_location_id FOREIGN KEY(location_id) REFERENCES location (id)
);
CREATE TABLE contact (
	id CHAR(32) NOT NULL,
	customer_id CHAR(32) NOT NULL,
	location_id CHAR(32),
	name TEXT NOT NULL,
	role TEXT,
	email TEXT,
	phones JSON NOT NULL,
	note TEXT,
	version INTEGER NOT NULL,
	closed BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_contact PRIMARY KEY (id),
	CONSTRAINT fk_contact_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
	CONSTRAINT fk_contact_location_id FOREIGN KEY(location_id) REFERENCES location (id)
);
CREATE TABLE equipment (
	id CHAR(32) NOT NULL,
	location_id CHAR(32) NOT NULL,
	description TEXT NOT NULL,
	brand TEXT,
	model TEXT,
	serial TEXT,
	place TEXT,
	installed_on DATE,
	warranty_until DATE,
	note TEXT,
	version INTEGER NOT NULL,
	closed BOOLEAN NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_equipment PRIMARY KEY (id),
	CONSTRAINT fk_equipment_location_id FOREIGN KEY(location_id) REFERENCES location (id)
);
CREATE TABLE company (
	id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	zone VARCHAR(60) NOT NULL,
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
INSERT INTO "alembic_version" VALUES ('0004');
CREATE INDEX ix_audit_subject ON audit (subject);
CREATE INDEX ix_customer_partner ON customer (sort_name) WHERE kind = 'partner';
CREATE INDEX ix_customer_sort_name_number ON customer (sort_name, number);
CREATE INDEX ix_idempotency_at ON idempotency (at);
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_match_customer_id ON "match" (customer_id);
CREATE INDEX ix_match_review ON "match" (created_at, dispatch_id) WHERE state = 'review';
CREATE INDEX ix_merge_from_id ON merge (from_id);
CREATE INDEX ix_merge_into_id ON merge (into_id);
CREATE INDEX ix_outbox_due_at_seq ON outbox (due_at, seq);
CREATE INDEX ix_location_customer_id ON location (customer_id);
CREATE INDEX ix_agreement_location_id ON agreement (location_id);
CREATE INDEX ix_contact_customer_id ON contact (customer_id);
CREATE INDEX ix_equipment_location_id ON equipment (location_id);
COMMIT;
