BEGIN TRANSACTION;
CREATE TABLE accumulation (
	entry BIGINT NOT NULL, 
	account VARCHAR NOT NULL, 
	add_fen BIGINT NOT NULL, 
	PRIMARY KEY (entry, account)
);
CREATE TABLE adjustment (
	entry BIGINT NOT NULL, 
	maker VARCHAR NOT NULL, 
	checker VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	dispute BIGINT, 
	PRIMARY KEY (entry), 
	CONSTRAINT adjustment_two_people CHECK (maker <> checker), 
	FOREIGN KEY(entry) REFERENCES entry (seq)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0013');
CREATE TABLE balance (
	party VARCHAR NOT NULL, 
	window_id VARCHAR NOT NULL, 
	pays_fen BIGINT NOT NULL, 
	receives_fen BIGINT NOT NULL, 
	pays_reserved_fen BIGINT NOT NULL, 
	receives_reserved_fen BIGINT NOT NULL, 
	PRIMARY KEY (party, window_id), 
	CONSTRAINT balance_posted CHECK (pays_fen >= 0 AND receives_fen >= 0), 
	CONSTRAINT balance_reserved CHECK (pays_reserved_fen >= 0 AND receives_reserved_fen >= 0), 
	FOREIGN KEY(party) REFERENCES party (name)
);
INSERT INTO "balance" VALUES('31.medical-fund','toy-2026-11-22',640,0,0,0);
INSERT INTO "balance" VALUES('33.hospital-fund','toy-2026-11-22',0,640,0,0);
CREATE TABLE bank_line (
	account VARCHAR NOT NULL, 
	bank_reference VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	amount_fen BIGINT NOT NULL, 
	side VARCHAR NOT NULL, 
	booked_on VARCHAR NOT NULL, 
	returned BOOLEAN NOT NULL, 
	reason VARCHAR NOT NULL, 
	taken_at BIGINT NOT NULL, 
	PRIMARY KEY (account, bank_reference)
);
CREATE TABLE batch (
	envelope INTEGER NOT NULL, 
	lines INTEGER NOT NULL, 
	relays BOOLEAN NOT NULL, 
	answers BLOB NOT NULL, 
	PRIMARY KEY (envelope)
);
CREATE TABLE batch_result (
	envelope INTEGER NOT NULL, 
	posted_at BIGINT NOT NULL, 
	answers BLOB NOT NULL, 
	receipt BLOB, 
	PRIMARY KEY (envelope)
);
CREATE TABLE block (
	seq INTEGER NOT NULL, 
	first_entry BIGINT NOT NULL, 
	first_posting BIGINT NOT NULL, 
	entries INTEGER NOT NULL, 
	postings INTEGER NOT NULL, 
	previous BLOB NOT NULL, 
	hash BLOB NOT NULL, 
	sealed_at BIGINT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (previous)
);
INSERT INTO "block" VALUES(1,1,1,2,2,X'0000000000000000000000000000000000000000000000000000000000000000',X'0218A6603023AD01BFCB5DE451040A3CE9F564CC16B0182C00824E8EBA29D0C5',1795320000);
CREATE TABLE card_list (
	kind VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	base INTEGER, 
	since BIGINT NOT NULL, 
	changes BLOB NOT NULL, 
	maker VARCHAR NOT NULL, 
	checker VARCHAR NOT NULL, 
	PRIMARY KEY (kind, version), 
	CONSTRAINT card_list_two_people CHECK (maker <> checker), 
	CONSTRAINT card_list_version CHECK (version >= 1 AND (base IS NULL OR base = version - 1))
);
CREATE TABLE certificate (
	fingerprint VARCHAR NOT NULL, 
	der BLOB NOT NULL, 
	PRIMARY KEY (fingerprint)
);
CREATE TABLE claim (
	scheme VARCHAR NOT NULL, 
	claim VARCHAR NOT NULL, 
	entry BIGINT NOT NULL, 
	PRIMARY KEY (scheme, claim)
);
CREATE TABLE dispute (
	seq INTEGER NOT NULL, 
	posting BIGINT NOT NULL, 
	opened_by VARCHAR NOT NULL, 
	ground VARCHAR NOT NULL, 
	disputed_fen BIGINT NOT NULL, 
	stage VARCHAR NOT NULL, 
	since BIGINT NOT NULL, 
	deadline BIGINT, against TEXT DEFAULT '' NOT NULL, message TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (seq), 
	FOREIGN KEY(posting) REFERENCES posting (seq)
);
CREATE TABLE dispute_move (
	seq INTEGER NOT NULL, 
	dispute BIGINT NOT NULL, 
	step VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	evidence VARCHAR NOT NULL, 
	at BIGINT NOT NULL, checker VARCHAR NOT NULL DEFAULT '' CHECK (checker <> actor), 
	PRIMARY KEY (seq), 
	FOREIGN KEY(dispute) REFERENCES dispute (seq)
);
CREATE TABLE entry (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	scheme TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	sender TEXT NOT NULL, 
	home TEXT NOT NULL, 
	treating TEXT NOT NULL, 
	occurred_at BIGINT NOT NULL, 
	amount_fen BIGINT NOT NULL, 
	digest BLOB NOT NULL, 
	state TEXT NOT NULL, 
	window_id TEXT NOT NULL, 
	refers TEXT, 
	pending_until BIGINT, 
	envelope BIGINT NOT NULL, 
	line INTEGER NOT NULL, 
	block BIGINT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT entry_pending CHECK ((state = 'pending') = (pending_until IS NOT NULL)), 
	CONSTRAINT entry_state CHECK (state IN ('pending', 'posted')), 
	CONSTRAINT entry_amount CHECK (amount_fen >= 0), 
	UNIQUE (id)
);
INSERT INTO "entry" VALUES(1,'H33010600001202611221200000001','toy','settle','33.hospital.h33010600001','310000','330100',1795320000,100,X'148994062E0DAAFC6F3A3B372A1E3BFA586F82BB8381362936C2EDF3D8D2897C','posted','toy-2026-11-22',NULL,NULL,1,0,1);
INSERT INTO "entry" VALUES(2,'H33010600001202611221200000002','toy','settle','33.hospital.h33010600001','310000','330100',1795320000,700,X'072944C7A3422A9FA3A54C4AA0D6B61BF3E0053EC6D818F9563A0257F9793807','posted','toy-2026-11-22',NULL,NULL,1,1,1);
CREATE TABLE envelope (
	seq INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	digest BLOB NOT NULL, 
	raw BLOB NOT NULL, 
	node VARCHAR NOT NULL, 
	signed_at BIGINT NOT NULL, 
	received_at BIGINT NOT NULL, 
	lines INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "envelope" VALUES(1,'envelope',X'89F529C73867F9114A33E01ABCFFF7093A3560D16826E432415BDD1F9C662633',X'5B7B22616D6F756E745F66656E223A3130302C22686F6D65223A22333130303030222C226964223A22483333303130363030303031323032363131323231323030303030303031222C226B696E64223A22736574746C65222C226F636375727265645F6174223A22323032362D31312D32325430343A30303A30305A222C22736368656D65223A22746F79222C2273656E646572223A2233332E686F73706974616C2E683333303130363030303031222C227472656174696E67223A22333330313030227D2C7B22616D6F756E745F66656E223A3730302C22686F6D65223A22333130303030222C226964223A22483333303130363030303031323032363131323231323030303030303032222C226B696E64223A22736574746C65222C226F636375727265645F6174223A22323032362D31312D32325430343A30303A30305A222C22736368656D65223A22746F79222C2273656E646572223A2233332E686F73706974616C2E683333303130363030303031222C227472656174696E67223A22333330313030227D5D','33.hospital.h33010600001',1795320000,1795320000,2,'[]');
CREATE TABLE event (
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	kind VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	data VARCHAR NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "event" VALUES(1,1795320000,'envelope-accepted','1','{"node": "33.hospital.h33010600001", "accepted": 2, "block": 1}');
CREATE TABLE figure (
	seq INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	since VARCHAR NOT NULL, 
	figures TEXT NOT NULL, 
	maker VARCHAR NOT NULL, 
	checker VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT figure_two_people CHECK (maker <> checker)
);
CREATE TABLE instruction (
	id VARCHAR NOT NULL, 
	window_id VARCHAR NOT NULL, 
	debtor VARCHAR NOT NULL, 
	creditor VARCHAR NOT NULL, 
	amount_fen BIGINT NOT NULL, 
	state VARCHAR NOT NULL, 
	paid_fen BIGINT NOT NULL, 
	prepared_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(window_id) REFERENCES settlement_window (id)
);
CREATE TABLE node (
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	title_en VARCHAR NOT NULL, 
	title_zh VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	relays BOOLEAN NOT NULL, 
	active BOOLEAN NOT NULL, 
	since BIGINT NOT NULL, 
	PRIMARY KEY (name), 
	UNIQUE (subject)
);
INSERT INTO "node" VALUES('33.hospital.h33010600001','hospital','hospital','医院','CN=hospital',0,1,1795320000);
CREATE TABLE office_attempt (
	"key" VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	since_ms BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE office_audit (
	seq INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	actor VARCHAR NOT NULL, 
	province VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	detail TEXT NOT NULL, 
	previous VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "office_audit" VALUES(1,1795320000000,'zhang.wei','33','sign-in','','{}','0000000000000000000000000000000000000000000000000000000000000000','3ec73161c14ad9853242e80f88b501d63d7d141beeb0fec2a07c108d77966902');
CREATE TABLE office_credential (
	id INTEGER NOT NULL, 
	operator_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	handle VARCHAR NOT NULL, 
	secret TEXT NOT NULL, 
	counter BIGINT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	used_ms BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "office_credential" VALUES(1,'zhang.wei','totp','','','sealed1:test:pT9xG/O8e26NYK29fo4XG/KrbHOOgSZ9TmUYpbRw6vt750FYcIxZkyuntD8=',0,1795320000000,0);
INSERT INTO "office_credential" VALUES(2,'zhang.wei','recovery','','','0000000000000000000000000000000000000000000000000000000000000000',0,1795320000000,0);
CREATE TABLE office_decision (
	id INTEGER NOT NULL, 
	request_id VARCHAR NOT NULL, 
	operator_id VARCHAR NOT NULL, 
	approve BOOLEAN NOT NULL, 
	reason VARCHAR NOT NULL, 
	at_ms BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE office_file (
	id VARCHAR NOT NULL, 
	direction VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	sender VARCHAR NOT NULL, 
	province VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	verdict VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	lines_ok BIGINT NOT NULL, 
	lines_failed BIGINT NOT NULL, 
	total_fen BIGINT NOT NULL, 
	actor VARCHAR NOT NULL, 
	at_ms BIGINT NOT NULL, 
	said TEXT NOT NULL, 
	faults TEXT NOT NULL, 
	answers VARCHAR NOT NULL, 
	raw BLOB NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE office_job (
	id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	done BIGINT NOT NULL, 
	total BIGINT NOT NULL, 
	file_name VARCHAR NOT NULL, 
	media_type VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	error VARCHAR NOT NULL, 
	created_ms BIGINT NOT NULL, 
	finished_ms BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE office_link (
	token_hash VARCHAR NOT NULL, 
	operator_id VARCHAR NOT NULL, 
	expires_ms BIGINT NOT NULL, 
	used_ms BIGINT NOT NULL, 
	PRIMARY KEY (token_hash)
);
CREATE TABLE office_operator (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	grants VARCHAR NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	created_ms BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "office_operator" VALUES('zhang.wei','张伟','clerk@33',0,1795320000000);
CREATE TABLE office_request (
	id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	province VARCHAR NOT NULL, 
	maker VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	amount_fen BIGINT NOT NULL, 
	payload TEXT NOT NULL, 
	reason VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	created_ms BIGINT NOT NULL, 
	expires_ms BIGINT NOT NULL, 
	outcome TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE office_session (
	token_hash VARCHAR NOT NULL, 
	operator_id VARCHAR NOT NULL, 
	method VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	agent VARCHAR NOT NULL, 
	created_ms BIGINT NOT NULL, 
	seen_ms BIGINT NOT NULL, 
	fresh_ms BIGINT NOT NULL, 
	PRIMARY KEY (token_hash)
);
CREATE TABLE office_setting (
	"key" VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE outbox (
	seq INTEGER NOT NULL, 
	raw BLOB NOT NULL, 
	state VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	due_at BIGINT NOT NULL, 
	answer VARCHAR NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE TABLE owed (
	window_id TEXT NOT NULL, 
	debtor TEXT NOT NULL, 
	creditor TEXT NOT NULL, 
	amount_fen BIGINT NOT NULL, 
	PRIMARY KEY (window_id, debtor, creditor), 
	CONSTRAINT owed_amount CHECK (amount_fen > 0)
);
INSERT INTO "owed" VALUES('toy-2026-11-22','31.medical-fund','33.hospital-fund',640);
CREATE TABLE party (
	name VARCHAR NOT NULL, 
	title_en VARCHAR NOT NULL, 
	title_zh VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	limit_fen BIGINT, 
	since BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "party" VALUES('31.medical-fund','31.medical-fund','参与方','account of 31.medical-fund',NULL,1795320000);
INSERT INTO "party" VALUES('33.hospital-fund','33.hospital-fund','参与方','account of 33.hospital-fund',NULL,1795320000);
INSERT INTO "party" VALUES('33.transit-operator','33.transit-operator','参与方','account of 33.transit-operator',NULL,1795320000);
CREATE TABLE posting (
	seq INTEGER NOT NULL, 
	entry BIGINT NOT NULL, 
	window_id TEXT NOT NULL, 
	debtor TEXT NOT NULL, 
	creditor TEXT NOT NULL, 
	amount_fen BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	phase TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT posting_window CHECK ((phase = 'posted') = (window_id <> '')), 
	CONSTRAINT posting_phase CHECK (phase IN ('posted', 'reserved', 'released')), 
	CONSTRAINT posting_amount CHECK (amount_fen > 0), 
	CONSTRAINT posting_parties CHECK (debtor <> creditor)
);
INSERT INTO "posting" VALUES(1,1,'toy-2026-11-22','31.medical-fund','33.hospital-fund',80,'pool','toy.share','posted');
INSERT INTO "posting" VALUES(2,2,'toy-2026-11-22','31.medical-fund','33.hospital-fund',560,'pool','toy.share','posted');
CREATE TABLE prefund (
	seq INTEGER NOT NULL, 
	debtor VARCHAR NOT NULL, 
	creditor VARCHAR NOT NULL, 
	amount_fen BIGINT NOT NULL, 
	kind VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	maker VARCHAR NOT NULL, 
	checker VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT prefund_two_people CHECK (maker <> checker), 
	FOREIGN KEY(creditor) REFERENCES party (name), 
	FOREIGN KEY(debtor) REFERENCES party (name)
);
CREATE TABLE prefund_increase (
	seq INTEGER NOT NULL, 
	increase BIGINT NOT NULL, 
	debtor VARCHAR NOT NULL, 
	creditor VARCHAR NOT NULL, 
	amount_fen BIGINT NOT NULL, 
	stage VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	at BIGINT NOT NULL, checker VARCHAR NOT NULL DEFAULT '' CHECK (checker <> actor), 
	PRIMARY KEY (seq), 
	CONSTRAINT increase_amount CHECK (amount_fen > 0), 
	FOREIGN KEY(creditor) REFERENCES party (name), 
	FOREIGN KEY(debtor) REFERENCES party (name), 
	CONSTRAINT increase_once UNIQUE (increase, stage)
);
CREATE TABLE prefund_threshold (
	seq INTEGER NOT NULL, 
	debtor VARCHAR NOT NULL, 
	creditor VARCHAR NOT NULL, 
	yellow_percent INTEGER NOT NULL, 
	red_percent INTEGER NOT NULL, 
	maker VARCHAR NOT NULL, 
	checker VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT threshold_two_people CHECK (maker <> checker), 
	CONSTRAINT threshold_order CHECK (yellow_percent >= 1 AND yellow_percent <= red_percent AND red_percent <= 100), 
	FOREIGN KEY(creditor) REFERENCES party (name), 
	FOREIGN KEY(debtor) REFERENCES party (name)
);
CREATE TABLE receipt (
	envelope BIGINT NOT NULL, 
	raw BLOB NOT NULL, 
	PRIMARY KEY (envelope)
);
CREATE TABLE received (
	place INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	CONSTRAINT received_place PRIMARY KEY (place), 
	CONSTRAINT received_once UNIQUE (id)
);
CREATE TABLE refusal (
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	reason_en TEXT NOT NULL, 
	reason_zh TEXT NOT NULL, 
	node TEXT NOT NULL, 
	envelope BLOB NOT NULL, 
	line INTEGER NOT NULL, 
	digest BLOB NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE TABLE resolution (
	entry BIGINT NOT NULL, 
	change TEXT NOT NULL, 
	by_entry BIGINT, 
	block BIGINT NOT NULL, 
	PRIMARY KEY (entry, change), 
	CONSTRAINT resolution_change CHECK (change IN ('post', 'void', 'lapse', 'reverse')), 
	FOREIGN KEY(entry) REFERENCES entry (seq)
);
CREATE TABLE setting (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE settlement_window (
	id VARCHAR NOT NULL, 
	cycle VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	opened_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "settlement_window" VALUES('toy-2026-11-22','toy','open',1795320000);
CREATE TABLE total (
	account VARCHAR NOT NULL, 
	total_fen BIGINT NOT NULL, 
	PRIMARY KEY (account)
);
CREATE TABLE window_move (
	seq INTEGER NOT NULL, 
	window_id VARCHAR NOT NULL, 
	event VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (seq), 
	FOREIGN KEY(window_id) REFERENCES settlement_window (id)
);
CREATE INDEX ix_claim_entry ON claim (entry);
CREATE INDEX entry_window ON entry (window_id, seq);
CREATE INDEX envelope_digest ON envelope (digest);
CREATE INDEX posting_entry ON posting (entry);
CREATE INDEX ix_settlement_window_cycle ON settlement_window (cycle);
CREATE INDEX ix_instruction_window_id ON instruction (window_id);
CREATE UNIQUE INDEX resolution_once ON resolution (entry) WHERE change <> 'reverse';
CREATE INDEX ix_window_move_window_id ON window_move (window_id);
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry: rows are only added'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry: rows are only added'); END;
CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'posting: rows are only added'); END;
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'posting: rows are only added'); END;
CREATE TRIGGER resolution_no_update BEFORE UPDATE ON resolution BEGIN SELECT RAISE(ABORT, 'resolution: rows are only added'); END;
CREATE TRIGGER resolution_no_delete BEFORE DELETE ON resolution BEGIN SELECT RAISE(ABORT, 'resolution: rows are only added'); END;
CREATE TRIGGER block_no_update BEFORE UPDATE ON block BEGIN SELECT RAISE(ABORT, 'block: rows are only added'); END;
CREATE TRIGGER block_no_delete BEFORE DELETE ON block BEGIN SELECT RAISE(ABORT, 'block: rows are only added'); END;
CREATE TRIGGER envelope_no_update BEFORE UPDATE ON envelope BEGIN SELECT RAISE(ABORT, 'envelope: rows are only added'); END;
CREATE TRIGGER envelope_no_delete BEFORE DELETE ON envelope BEGIN SELECT RAISE(ABORT, 'envelope: rows are only added'); END;
CREATE TRIGGER certificate_no_update BEFORE UPDATE ON certificate BEGIN SELECT RAISE(ABORT, 'certificate: rows are only added'); END;
CREATE TRIGGER certificate_no_delete BEFORE DELETE ON certificate BEGIN SELECT RAISE(ABORT, 'certificate: rows are only added'); END;
CREATE TRIGGER accumulation_no_update BEFORE UPDATE ON accumulation BEGIN SELECT RAISE(ABORT, 'accumulation: rows are only added'); END;
CREATE TRIGGER accumulation_no_delete BEFORE DELETE ON accumulation BEGIN SELECT RAISE(ABORT, 'accumulation: rows are only added'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event: rows are only added'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event: rows are only added'); END;
CREATE TRIGGER window_move_no_update BEFORE UPDATE ON window_move BEGIN SELECT RAISE(ABORT, 'window_move: rows are only added'); END;
CREATE TRIGGER window_move_no_delete BEFORE DELETE ON window_move BEGIN SELECT RAISE(ABORT, 'window_move: rows are only added'); END;
CREATE TRIGGER balance_open_insert BEFORE INSERT ON balance WHEN NEW.window_id <> '' AND NOT EXISTS (SELECT 1 FROM settlement_window WHERE id = NEW.window_id AND stage = 'open') BEGIN SELECT RAISE(ABORT, 'balance: the window is not open'); END;
CREATE TRIGGER balance_open_update BEFORE UPDATE ON balance WHEN NEW.window_id <> '' AND NOT EXISTS (SELECT 1 FROM settlement_window WHERE id = NEW.window_id AND stage = 'open') BEGIN SELECT RAISE(ABORT, 'balance: the window is not open'); END;
CREATE TRIGGER balance_no_delete BEFORE DELETE ON balance BEGIN SELECT RAISE(ABORT, 'balance: rows stay'); END;
CREATE INDEX ix_office_credential_handle ON office_credential (handle);
CREATE INDEX ix_office_credential_operator_id ON office_credential (operator_id);
CREATE INDEX ix_office_session_operator_id ON office_session (operator_id);
CREATE INDEX office_audit_action ON office_audit (action, seq);
CREATE INDEX office_audit_actor ON office_audit (actor, seq);
CREATE INDEX ix_office_request_subject ON office_request (subject);
CREATE INDEX office_request_state ON office_request (state, created_ms);
CREATE INDEX ix_office_decision_request_id ON office_decision (request_id);
CREATE INDEX office_job_owner ON office_job (owner, created_ms);
CREATE INDEX entry_occurred ON entry (occurred_at, seq);
CREATE TRIGGER office_audit_no_update BEFORE UPDATE ON office_audit BEGIN SELECT RAISE(ABORT, 'office_audit: rows are only added'); END;
CREATE TRIGGER office_audit_no_delete BEFORE DELETE ON office_audit BEGIN SELECT RAISE(ABORT, 'office_audit: rows are only added'); END;
CREATE INDEX ix_bank_line_reference ON bank_line (reference);
CREATE INDEX ix_outbox_state ON outbox (state);
CREATE INDEX ix_dispute_stage ON dispute (stage);
CREATE INDEX ix_prefund_debtor ON prefund (debtor);
CREATE INDEX ix_dispute_move_dispute ON dispute_move (dispute);
CREATE INDEX resolution_block ON resolution (block);
CREATE TRIGGER bank_line_no_update BEFORE UPDATE ON bank_line BEGIN SELECT RAISE(ABORT, 'bank_line: rows are only added'); END;
CREATE TRIGGER bank_line_no_delete BEFORE DELETE ON bank_line BEGIN SELECT RAISE(ABORT, 'bank_line: rows are only added'); END;
CREATE TRIGGER adjustment_no_update BEFORE UPDATE ON adjustment BEGIN SELECT RAISE(ABORT, 'adjustment: rows are only added'); END;
CREATE TRIGGER adjustment_no_delete BEFORE DELETE ON adjustment BEGIN SELECT RAISE(ABORT, 'adjustment: rows are only added'); END;
CREATE TRIGGER dispute_move_no_update BEFORE UPDATE ON dispute_move BEGIN SELECT RAISE(ABORT, 'dispute_move: rows are only added'); END;
CREATE TRIGGER dispute_move_no_delete BEFORE DELETE ON dispute_move BEGIN SELECT RAISE(ABORT, 'dispute_move: rows are only added'); END;
CREATE TRIGGER prefund_no_update BEFORE UPDATE ON prefund BEGIN SELECT RAISE(ABORT, 'prefund: rows are only added'); END;
CREATE TRIGGER prefund_no_delete BEFORE DELETE ON prefund BEGIN SELECT RAISE(ABORT, 'prefund: rows are only added'); END;
CREATE TRIGGER receipt_no_update BEFORE UPDATE ON receipt BEGIN SELECT RAISE(ABORT, 'receipt: rows are only added'); END;
CREATE TRIGGER receipt_no_delete BEFORE DELETE ON receipt BEGIN SELECT RAISE(ABORT, 'receipt: rows are only added'); END;
CREATE TRIGGER prefund_increase_no_update BEFORE UPDATE ON prefund_increase BEGIN SELECT RAISE(ABORT, 'prefund_increase: rows are only added'); END;
CREATE TRIGGER prefund_increase_no_delete BEFORE DELETE ON prefund_increase BEGIN SELECT RAISE(ABORT, 'prefund_increase: rows are only added'); END;
CREATE INDEX refusal_id ON refusal (id);
CREATE INDEX refusal_at ON refusal (at);
CREATE TRIGGER batch_no_update BEFORE UPDATE ON batch BEGIN SELECT RAISE(ABORT, 'batch: rows are only added'); END;
CREATE TRIGGER batch_no_delete BEFORE DELETE ON batch BEGIN SELECT RAISE(ABORT, 'batch: rows are only added'); END;
CREATE TRIGGER batch_result_no_update BEFORE UPDATE ON batch_result BEGIN SELECT RAISE(ABORT, 'batch_result: rows are only added'); END;
CREATE TRIGGER batch_result_no_delete BEFORE DELETE ON batch_result BEGIN SELECT RAISE(ABORT, 'batch_result: rows are only added'); END;
CREATE TRIGGER owed_no_delete BEFORE DELETE ON owed BEGIN SELECT RAISE(ABORT, 'owed: rows stay'); END;
CREATE TRIGGER prefund_threshold_no_update BEFORE UPDATE ON prefund_threshold BEGIN SELECT RAISE(ABORT, 'prefund_threshold: rows are only added'); END;
CREATE TRIGGER prefund_threshold_no_delete BEFORE DELETE ON prefund_threshold BEGIN SELECT RAISE(ABORT, 'prefund_threshold: rows are only added'); END;
CREATE TRIGGER figure_no_update BEFORE UPDATE ON figure BEGIN SELECT RAISE(ABORT, 'figure: rows are only added'); END;
CREATE TRIGGER figure_no_delete BEFORE DELETE ON figure BEGIN SELECT RAISE(ABORT, 'figure: rows are only added'); END;
CREATE INDEX office_file_at ON office_file (at_ms, id);
CREATE INDEX office_file_digest ON office_file (sha256);
CREATE INDEX ix_office_file_answers ON office_file (answers);
CREATE TRIGGER card_list_no_update BEFORE UPDATE ON card_list BEGIN SELECT RAISE(ABORT, 'card_list: rows are only added'); END;
CREATE TRIGGER card_list_no_delete BEFORE DELETE ON card_list BEGIN SELECT RAISE(ABORT, 'card_list: rows are only added'); END;
CREATE INDEX entry_pending ON entry (seq) WHERE state = 'pending';
CREATE INDEX entry_large ON entry (occurred_at, seq) WHERE amount_fen >= 1000000;
CREATE INDEX resolution_undone ON resolution (change, entry) WHERE change <> 'post';
CREATE INDEX dispute_deadline ON dispute (deadline);
CREATE INDEX instruction_state ON instruction (state, id);
CREATE INDEX office_audit_at ON office_audit (at_ms, seq);
CREATE INDEX office_audit_subject ON office_audit (subject, seq);
CREATE INDEX office_request_created ON office_request (created_ms, id);
CREATE INDEX office_request_maker ON office_request (maker, created_ms);
CREATE TRIGGER balance_whole_insert BEFORE INSERT ON balance WHEN typeof(NEW.pays_fen) <> 'integer' OR typeof(NEW.receives_fen) <> 'integer' OR typeof(NEW.pays_reserved_fen) <> 'integer' OR typeof(NEW.receives_reserved_fen) <> 'integer' BEGIN SELECT RAISE(ABORT, 'balance: a sum past 64 bits'); END;
CREATE TRIGGER balance_whole_update BEFORE UPDATE ON balance WHEN typeof(NEW.pays_fen) <> 'integer' OR typeof(NEW.receives_fen) <> 'integer' OR typeof(NEW.pays_reserved_fen) <> 'integer' OR typeof(NEW.receives_reserved_fen) <> 'integer' BEGIN SELECT RAISE(ABORT, 'balance: a sum past 64 bits'); END;
CREATE TRIGGER owed_whole_insert BEFORE INSERT ON owed WHEN typeof(NEW.amount_fen) <> 'integer' BEGIN SELECT RAISE(ABORT, 'owed: a sum past 64 bits'); END;
CREATE TRIGGER owed_whole_update BEFORE UPDATE ON owed WHEN typeof(NEW.amount_fen) <> 'integer' BEGIN SELECT RAISE(ABORT, 'owed: a sum past 64 bits'); END;
CREATE TRIGGER total_whole_insert BEFORE INSERT ON total WHEN typeof(NEW.total_fen) <> 'integer' BEGIN SELECT RAISE(ABORT, 'total: a sum past 64 bits'); END;
CREATE TRIGGER total_whole_update BEFORE UPDATE ON total WHEN typeof(NEW.total_fen) <> 'integer' BEGIN SELECT RAISE(ABORT, 'total: a sum past 64 bits'); END;
CREATE INDEX dispute_message ON dispute (message, seq);
COMMIT;
