BEGIN;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE alert (
	id CHAR(32) NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	kind VARCHAR(20) NOT NULL,
	text TEXT NOT NULL,
	at DATETIME NOT NULL,
	mail_id CHAR(32),
	delivery_id CHAR(32),
	acknowledged_at DATETIME,
	acknowledged_by TEXT,
	CONSTRAINT pk_alert PRIMARY KEY (id)
);
CREATE TABLE attempt (
	id CHAR(32) NOT NULL,
	delivery_id CHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	seconds FLOAT NOT NULL,
	state VARCHAR(20) NOT NULL,
	answer TEXT NOT NULL,
	CONSTRAINT pk_attempt PRIMARY KEY (id)
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
CREATE TABLE delivery (
	id CHAR(32) NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	partner VARCHAR(40) NOT NULL,
	number VARCHAR(60) NOT NULL,
	status VARCHAR(60) NOT NULL,
	partner_code VARCHAR(40) NOT NULL,
	partner_name TEXT NOT NULL,
	association INTEGER NOT NULL,
	cause VARCHAR(20) NOT NULL,
	carries DATETIME,
	zone VARCHAR(60),
	note TEXT,
	state VARCHAR(20) NOT NULL,
	attempts INTEGER NOT NULL,
	due_at DATETIME NOT NULL,
	created_at DATETIME NOT NULL,
	settled_at DATETIME,
	answer TEXT,
	CONSTRAINT pk_delivery PRIMARY KEY (id)
);
CREATE TABLE history (
	id CHAR(32) NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	at DATETIME NOT NULL,
	"by" TEXT NOT NULL,
	kind VARCHAR(20) NOT NULL,
	detail JSON NOT NULL,
	CONSTRAINT pk_history PRIMARY KEY (id)
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
CREATE TABLE partner_account (
	partner VARCHAR(40) NOT NULL,
	version INTEGER NOT NULL,
	adapter VARCHAR(40) NOT NULL,
	url TEXT NOT NULL,
	company_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	password TEXT NOT NULL,
	enabled BOOLEAN NOT NULL,
	protocol JSON,
	CONSTRAINT pk_partner_account PRIMARY KEY (partner)
);
CREATE TABLE received (
	mail_id CHAR(32) NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	content_key BLOB,
	outcome VARCHAR(20) NOT NULL,
	reason TEXT,
	at DATETIME NOT NULL,
	CONSTRAINT pk_received PRIMARY KEY (mail_id)
);
CREATE TABLE status_association (
	partner VARCHAR(40) NOT NULL,
	version INTEGER NOT NULL,
	association JSON NOT NULL,
	at DATETIME NOT NULL,
	"by" TEXT NOT NULL,
	note TEXT,
	CONSTRAINT pk_status_association PRIMARY KEY (partner, version)
);
CREATE TABLE status_code (
	code VARCHAR(60) NOT NULL,
	version INTEGER NOT NULL,
	description TEXT NOT NULL,
	closes BOOLEAN NOT NULL,
	retired BOOLEAN NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_status_code PRIMARY KEY (code)
);
CREATE TABLE technician (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	name VARCHAR(200) NOT NULL,
	email VARCHAR(320),
	phone VARCHAR(40),
	active BOOLEAN NOT NULL,
	is_default BOOLEAN NOT NULL,
	CONSTRAINT pk_technician PRIMARY KEY (id)
);
CREATE TABLE appointment (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	technician_id CHAR(32),
	start_at DATETIME NOT NULL,
	end_at DATETIME NOT NULL,
	zone VARCHAR(60) NOT NULL,
	cancelled BOOLEAN NOT NULL,
	CONSTRAINT pk_appointment PRIMARY KEY (id),
	CONSTRAINT fk_appointment_technician_id FOREIGN KEY(technician_id) REFERENCES technician (id)
);
CREATE TABLE dispatch (
	board INTEGER NOT NULL,
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	partner VARCHAR(40),
	number VARCHAR(60) NOT NULL,
	status VARCHAR(60) NOT NULL,
	closed BOOLEAN NOT NULL,
	customer_name TEXT,
	phones TEXT NOT NULL,
	street TEXT,
	city TEXT,
	state TEXT,
	zip TEXT,
	trade TEXT,
	priority TEXT,
	type TEXT,
	fee_amount BIGINT,
	fee_open BIGINT,
	currency VARCHAR(3) NOT NULL,
	do_not_collect BOOLEAN NOT NULL,
	incomplete BOOLEAN NOT NULL,
	updated_by_partner BOOLEAN NOT NULL,
	cancelled_by_partner BOOLEAN NOT NULL,
	needs_attention BOOLEAN NOT NULL,
	technician_id CHAR(32),
	scheduled_start DATETIME,
	scheduled_end DATETIME,
	zone VARCHAR(60),
	customer_id CHAR(32),
	location_id CHAR(32),
	bill_to TEXT,
	bill_to_id CHAR(32),
	match_state VARCHAR(20),
	match_score INTEGER,
	match_version INTEGER NOT NULL,
	received_at DATETIME NOT NULL,
	changed_at DATETIME NOT NULL,
	told_at DATETIME,
	search TEXT NOT NULL,
	content JSON NOT NULL,
	as_sent JSON, said_at DATETIME, said_dated TEXT,
	CONSTRAINT pk_dispatch PRIMARY KEY (board),
	CONSTRAINT fk_dispatch_technician_id FOREIGN KEY(technician_id) REFERENCES technician (id),
	CONSTRAINT uq_dispatch_id UNIQUE (id)
);
CREATE VIRTUAL TABLE dispatch_search USING fts5(search, content='dispatch', content_rowid='board', prefix='2 3 4');
CREATE TABLE company (
	id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	zone VARCHAR(60) NOT NULL,
	CONSTRAINT pk_company PRIMARY KEY (id)
);
CREATE TABLE early (
	mail_id CHAR(32) NOT NULL,
	dispatch_id CHAR(32) NOT NULL,
	partner VARCHAR(40) NOT NULL,
	subject TEXT,
	content JSON,
	repeats VARCHAR(10) NOT NULL,
	sent_at DATETIME,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_early PRIMARY KEY (mail_id, dispatch_id)
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
INSERT INTO "status_association" VALUES ('ahs', 1, '{"codes":[{"code":"10","name":"Complete","time":"change"},{"code":"20","name":"In Progress","time":null},{"code":"30","name":"Appointment Set","time":"appointment"},{"code":"40","name":"Cancelled","time":null},{"code":"50","name":"Automated Dispatch Load Successful","time":null},{"code":"60","name":"Unable to Contact Customer","time":null},{"code":"70","name":"Technician in Route to Customer''s Location","time":null},{"code":"80","name":"Technician May Be Delayed to Customers Appointment","time":null},{"code":"90","name":"Technician Arrived at Customer''s Location","time":null},{"code":"100","name":"In Progress with Parts on Order","time":null},{"code":"110","name":"In Progress with Need to Replace","time":null},{"code":"120","name":"Customer Missed Appointment","time":null},{"code":"130","name":"Possible Denial","time":null},{"code":"140","name":"Incomplete","time":null},{"code":"150","name":"On-hold","time":null}],"pairs":{"Pending":"50","Call Again":"60","Scheduled":"30","Traveling":"70","Arrived":"90","Working":"20","Back Order":"100","Replacing":"110","Reschedule":"120","Denial":"130","Off Job":"150","Complete":"10","Cancelled":"40"}}', '2026-01-01 00:00:00.000000', 'callboard', 'The defaults of the ESC guide.');
INSERT INTO "status_code" VALUES ('Pending', 1, 'New, nothing arranged yet', 0, 0, 1);
INSERT INTO "status_code" VALUES ('Call Again', 1, 'The customer could not be reached', 0, 0, 2);
INSERT INTO "status_code" VALUES ('Scheduled', 1, 'An appointment is set', 0, 0, 3);
INSERT INTO "status_code" VALUES ('Traveling', 1, 'The technician is on the way', 0, 0, 4);
INSERT INTO "status_code" VALUES ('Arrived', 1, 'The technician is at the customer''s', 0, 0, 5);
INSERT INTO "status_code" VALUES ('Working', 1, 'Work goes on', 0, 0, 6);
INSERT INTO "status_code" VALUES ('Back Order', 1, 'Waiting for parts', 0, 0, 7);
INSERT INTO "status_code" VALUES ('Replacing', 1, 'Must be replaced', 0, 0, 8);
INSERT INTO "status_code" VALUES ('Reschedule', 1, 'The customer missed the appointment', 0, 0, 9);
INSERT INTO "status_code" VALUES ('Denial', 1, 'Possibly not covered', 0, 0, 10);
INSERT INTO "status_code" VALUES ('Off Job', 1, 'On hold', 0, 0, 11);
INSERT INTO "status_code" VALUES ('Complete', 1, 'Done', 1, 0, 12);
INSERT INTO "status_code" VALUES ('Cancelled', 1, 'Will not be done', 1, 0, 13);
CREATE INDEX ix_alert_dispatch ON alert (dispatch_id, id);
CREATE INDEX ix_alert_open ON alert (id) WHERE acknowledged_at IS NULL;
CREATE INDEX ix_attempt_delivery ON attempt (delivery_id, id);
CREATE INDEX ix_audit_subject ON audit (subject);
CREATE INDEX ix_delivery_dispatch ON delivery (dispatch_id, version, id);
CREATE INDEX ix_delivery_due ON delivery (due_at) WHERE settled_at IS NULL;
CREATE INDEX ix_delivery_state ON delivery (state, id);
CREATE INDEX ix_history_dispatch ON history (dispatch_id, id);
CREATE INDEX ix_idempotency_at ON idempotency (at);
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_outbox_due_at_seq ON outbox (due_at, seq);
CREATE INDEX ix_received_dispatch ON received (dispatch_id);
CREATE UNIQUE INDEX uq_technician_default ON technician (is_default) WHERE is_default;
CREATE INDEX ix_appointment_dispatch ON appointment (dispatch_id, start_at);
CREATE INDEX ix_dispatch_attention ON dispatch (received_at, board) WHERE needs_attention;
CREATE INDEX ix_dispatch_partner ON dispatch (partner, received_at, board);
CREATE INDEX ix_dispatch_received ON dispatch (received_at, board);
CREATE INDEX ix_dispatch_scheduled ON dispatch (scheduled_start, board) WHERE scheduled_start IS NOT NULL;
CREATE INDEX ix_dispatch_status ON dispatch (status, received_at, board);
CREATE INDEX ix_dispatch_technician ON dispatch (technician_id, received_at, board) WHERE technician_id IS NOT NULL;
CREATE INDEX ix_dispatch_told ON dispatch (told_at) WHERE NOT closed AND partner IS NOT NULL;
CREATE INDEX ix_dispatch_trade ON dispatch (trade, received_at, board);
CREATE TRIGGER dispatch_search_add AFTER INSERT ON dispatch BEGIN INSERT INTO dispatch_search (rowid, search) VALUES (new.board, new.search); END;
CREATE TRIGGER dispatch_search_drop AFTER DELETE ON dispatch BEGIN INSERT INTO dispatch_search (dispatch_search, rowid, search) VALUES ('delete', old.board, old.search); END;
CREATE TRIGGER dispatch_search_change AFTER UPDATE OF search ON dispatch BEGIN INSERT INTO dispatch_search (dispatch_search, rowid, search) VALUES ('delete', old.board, old.search); INSERT INTO dispatch_search (rowid, search) VALUES (new.board, new.search); END;
CREATE INDEX ix_early_dispatch ON early (dispatch_id);
COMMIT;
