-- The tables that version 0.3.0 made, as it made them.
CREATE TABLE IF NOT EXISTS batches (
  batch_id VARCHAR(100) NOT NULL,
  planned INTEGER NOT NULL,
  scored INTEGER NOT NULL,
  not_scored INTEGER NOT NULL,
  quarantined INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  PRIMARY KEY (batch_id)
);
CREATE TABLE IF NOT EXISTS calls (
  call_id VARCHAR(200) NOT NULL,
  status VARCHAR(20) NOT NULL,
  status_reason TEXT,
  agent_id VARCHAR(100),
  lender VARCHAR(200),
  agency VARCHAR(200),
  customer_id VARCHAR(100),
  callee_role VARCHAR(30),
  started_at VARCHAR(40),
  duration_ms INTEGER,
  recording_sha256 VARCHAR(64),
  transcript_sha256 VARCHAR(64) NOT NULL,
  rules_sha256 VARCHAR(64) NOT NULL,
  config_sha256 VARCHAR(64) NOT NULL,
  program VARCHAR(100) NOT NULL,
  PRIMARY KEY (call_id)
);
CREATE INDEX IF NOT EXISTS ix_calls_agent_id ON calls (agent_id);
CREATE INDEX IF NOT EXISTS ix_calls_customer_id ON calls (customer_id);
CREATE INDEX IF NOT EXISTS ix_calls_started_at ON calls (started_at);
CREATE TABLE IF NOT EXISTS quarantine (
  call_id VARCHAR(200) NOT NULL,
  line INTEGER,
  reason VARCHAR(100) NOT NULL,
  message TEXT NOT NULL,
  file TEXT,
  field VARCHAR(100),
  attempts INTEGER NOT NULL,
  PRIMARY KEY (call_id)
);
CREATE TABLE IF NOT EXISTS acts (
  call_id VARCHAR(200) NOT NULL,
  position INTEGER NOT NULL,
  act VARCHAR(100) NOT NULL,
  role VARCHAR(20) NOT NULL,
  turn INTEGER,
  text_start INTEGER,
  text_end INTEGER,
  start_ms INTEGER,
  end_ms INTEGER,
  evidence TEXT,
  PRIMARY KEY (call_id, position),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS certainties (
  call_id VARCHAR(200) NOT NULL,
  position INTEGER NOT NULL,
  words FLOAT,
  lowest_word FLOAT,
  speaker FLOAT,
  overlap BOOLEAN,
  faults JSON NOT NULL,
  if_swapped VARCHAR(20),
  PRIMARY KEY (call_id, position),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS contacts (
  call_id VARCHAR(200) NOT NULL,
  number VARCHAR(64),
  direction VARCHAR(20),
  connected BOOLEAN,
  talk_ms INTEGER,
  asked_for BOOLEAN NOT NULL,
  paid_fen BIGINT,
  paid_at DATE,
  PRIMARY KEY (call_id),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_contacts_number ON contacts (number);
CREATE TABLE IF NOT EXISTS events (
  call_id VARCHAR(200) NOT NULL,
  position INTEGER NOT NULL,
  event VARCHAR(100) NOT NULL,
  noted BOOLEAN NOT NULL,
  turn INTEGER,
  text_start INTEGER,
  text_end INTEGER,
  start_ms INTEGER,
  end_ms INTEGER,
  evidence TEXT,
  PRIMARY KEY (call_id, position),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_events_event ON events (event);
CREATE TABLE IF NOT EXISTS findings (
  call_id VARCHAR(200) NOT NULL,
  position INTEGER NOT NULL,
  finding_id VARCHAR(12) NOT NULL,
  rule VARCHAR(100) NOT NULL,
  state VARCHAR(20) NOT NULL,
  severity VARCHAR(20) NOT NULL,
  confidence FLOAT NOT NULL,
  turn INTEGER,
  text_start INTEGER,
  text_end INTEGER,
  start_ms INTEGER,
  end_ms INTEGER,
  evidence TEXT,
  norms JSON NOT NULL,
  reason TEXT NOT NULL,
  missing VARCHAR(100),
  PRIMARY KEY (call_id, position),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_findings_rule ON findings (rule);
CREATE TABLE IF NOT EXISTS promise_terms (
  call_id VARCHAR(200) NOT NULL,
  proposed_by VARCHAR(20),
  certainty VARCHAR(20) NOT NULL,
  turn INTEGER,
  text_start INTEGER,
  text_end INTEGER,
  start_ms INTEGER,
  end_ms INTEGER,
  evidence TEXT,
  PRIMARY KEY (call_id),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS promises (
  call_id VARCHAR(200) NOT NULL,
  amount_fen BIGINT,
  date DATE,
  confirmed BOOLEAN NOT NULL,
  coerced BOOLEAN NOT NULL,
  PRIMARY KEY (call_id),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS roles (
  call_id VARCHAR(200) NOT NULL,
  confidence FLOAT NOT NULL,
  unsure BOOLEAN NOT NULL,
  compliance_if_swapped FLOAT,
  effectiveness_if_swapped FLOAT,
  red_line_if_swapped BOOLEAN,
  PRIMARY KEY (call_id),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS scores (
  call_id VARCHAR(200) NOT NULL,
  compliance FLOAT,
  compliance_if_confirmed FLOAT,
  effectiveness FLOAT,
  red_line BOOLEAN NOT NULL,
  complete BOOLEAN NOT NULL,
  PRIMARY KEY (call_id),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS sound (
  call_id VARCHAR(200) NOT NULL,
  channel INTEGER NOT NULL,
  codec VARCHAR(30) NOT NULL,
  source_rate INTEGER NOT NULL,
  level_dbfs FLOAT NOT NULL,
  snr_db FLOAT NOT NULL,
  clipped FLOAT NOT NULL,
  bandwidth_hz INTEGER NOT NULL,
  poor BOOLEAN NOT NULL,
  faults JSON NOT NULL,
  PRIMARY KEY (call_id, channel),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS speakers (
  call_id VARCHAR(200) NOT NULL,
  position INTEGER NOT NULL,
  speaker VARCHAR(40) NOT NULL,
  PRIMARY KEY (call_id, position),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS turns (
  call_id VARCHAR(200) NOT NULL,
  position INTEGER NOT NULL,
  role VARCHAR(20) NOT NULL,
  role_confidence FLOAT NOT NULL,
  start_ms INTEGER,
  end_ms INTEGER,
  tone VARCHAR(20),
  text TEXT NOT NULL,
  PRIMARY KEY (call_id, position),
  FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
