// A DIAGNOSIS agent in JavaScript, from docs/contracts.md alone: commands in, replies out, each with a session
// on agent.activity that says that it was handled.
//
//   npm install
//   KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 node agent.mjs
//
// TOPIC_PREFIX and APP_ID are for a system with other names; SCHEMAS is the folder of the .avsc files. WORKER: a name of
// this process that no other on this host has, and that it has again after a restart.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import avro from 'avsc';
import { Kafka, Partitioners, logLevel } from 'kafkajs';

const prefix = process.env.TOPIC_PREFIX ?? '';
const appId = process.env.APP_ID ?? 'master-orchestrator';
const schemas = process.env.SCHEMAS ?? '../../schemas/master_orchestrator_schemas/avro';
const brokers = (process.env.KAFKA_BOOTSTRAP_SERVERS ?? '127.0.0.1:9092').split(',');

// Single-object encoding: c3 01, the fingerprint of the schema, the record.
// Every version of a command is read by its own schema: a newer one has fields that this agent does not use.
const COMMANDS = {
  c3016e88da76789e42bf: 'command.v1',
  c301e914f67a2e8d711e: 'command.v2',
  c3011cef157b6e13fccb: 'command.v3',
  c30110a35016a606135a: 'command.v4',
  c3010c7d0b49a2fe44fa: 'command.v5',
  c301c1dcdc52f5568858: 'command.v6',
  c301359204e21edfc453: 'command.v7',
};
const PREFIX_BYTES = 10;
const REPLY = Buffer.from('c3019ba8bb275d7f823f', 'hex');
const ACTIVITY = Buffer.from('c3016d55b46d9601145c', 'hex');
const LANES = ['urgent', 'high', 'scheduled', 'routine']; // in this order
const topics = LANES.map((lane) => `${prefix}agent.diagnosis.${lane}`);

const load = (name) => avro.Type.forSchema(JSON.parse(readFileSync(`${schemas}/${name}.avsc`, 'utf8')));
const commands = Object.fromEntries(Object.entries(COMMANDS).map(([start, name]) => [start, load(name)]));
const reply = load('reply.v1');
const activity = load('activity.v1');

const ACTOR = 'agent:DIAGNOSIS';
const ALIVE_MS = 60_000;
const author = {
  actor: ACTOR,
  kind: 'agent',
  instance: `${process.env.WORKER ?? 'javascript'}@${hostname()}`,
  start_ms: Date.now(),
  version: '1',
};
let records = 0; // numbered without holes

// What is known of finished commands: a repeat gets the same reply. A real agent keeps this where a restart finds it.
const answered = new Map();

function diagnose(task) {
  const hot = task.findings.some((finding) => finding.subsystem === 'cooling');
  return {
    causes: [],
    severity: hot ? 0.9 : 0.2,
    probability: hot ? 0.8 : 0.2,
    safe_to_drive: !hot,
    summary: hot ? 'Overheating.' : 'Nothing found.',
  };
}

function answer(asked) {
  const [task] = Object.values(asked.payload);
  const started = Date.now();
  let result = null;
  let failure = null;
  try {
    result = { 'master_orchestrator.DiagnosisResult': diagnose(task) };
  } catch (error) { // RETRYABLE: the engine tries again after 2, 4, 8 s
    failure = { 'master_orchestrator.Failure': { kind: 'RETRYABLE', error: error.name, message: error.message } };
  }
  return {
    command_id: asked.command_id,
    workflow_id: asked.workflow_id,
    vehicle_id: asked.vehicle_id,
    agent: 'DIAGNOSIS',
    worker: `javascript-${process.pid}`,
    handled_in_ms: Date.now() - started,
    result,
    failure,
  };
}

// What was done, as a message of agent.activity. An act with data goes into acts: { action: 'READ', resource: 'dtc_kb',
// outcome: 'SUCCESS', error: 'NONE', count: 1, rows: 3, max_rows: 3 }; one that the charter does not allow must not be done.
function session(command, outcome, { tookMs = 0, acts = [], goodbye = false } = {}) {
  const seq = records;
  records += 1;
  const id = `${command?.command_id ?? ''}#${author.instance}#${author.start_ms}#${seq}`;
  const value = activity.toBuffer({
    ...author,
    activity_id: id,
    seq,
    session: command?.command_id ?? null,
    workflow_id: command?.workflow_id ?? null,
    entity: command?.vehicle_id ?? null,
    priority: command?.priority ?? null,
    phase: 'DONE',
    at_ms: Date.now(),
    took_ms: tookMs,
    outcome,
    acts,
    goodbye,
  });
  return {
    topic: `${prefix}agent.activity`,
    messages: [{ key: ACTOR, value: Buffer.concat([ACTIVITY, value]), headers: envelope(id, 'Activity') }],
  };
}

const envelope = (id, type) => ({
  ce_specversion: '1.0',
  ce_id: id,
  ce_type: `master_orchestrator.${type}`,
  ce_source: 'javascript-agent',
});

const kafka = new Kafka({ clientId: 'javascript-agent', brokers, logLevel: logLevel.ERROR });
// The group of all runners of this type: with another one a command would be handled twice.
const consumer = kafka.consumer({ groupId: `${appId}-agent-diagnosis`, readUncommitted: false });
// The murmur2 of the Java client: kafkajs' legacy partitioner sends vehicles elsewhere.
const producer = kafka.producer({
  idempotent: true,
  maxInFlightRequests: 1,
  createPartitioner: Partitioners.DefaultPartitioner,
});

async function handle({ message }) {
  const start = message.value?.subarray(0, PREFIX_BYTES).toString('hex');
  if (!(start in commands)) throw new Error(`not a command that this agent knows: ${start}`);
  const asked = commands[start].fromBuffer(message.value.subarray(PREFIX_BYTES));
  if (Number(asked.deadline_ms) < Date.now()) { // the engine's timer has ended this try
    await send([session(asked, 'FAILURE')]);
    return;
  }
  const sent = [];
  let value = answered.get(asked.command_id);
  if (value === undefined) {
    const given = answer(asked);
    value = Buffer.concat([REPLY, reply.toBuffer(given)]);
    answered.set(asked.command_id, value);
    if (answered.size > 20_000) answered.delete(answered.keys().next().value);
    sent.push(session(asked, given.failure ? 'FAILURE' : 'SUCCESS', { tookMs: given.handled_in_ms }));
  }
  const headers = envelope(asked.command_id, 'Reply');
  if (message.headers?.traceparent) headers.traceparent = message.headers.traceparent;
  sent.push({ topic: `${prefix}agent.replies`, messages: [{ key: asked.vehicle_id, value, headers }] });
  await send(sent); // the offset is committed after this: a crash in between means a repeat
}

// acks -1: all in-sync replicas.
const send = (topicMessages) => producer.sendBatch({ acks: -1, topicMessages });

await producer.connect();
await consumer.connect();
await consumer.subscribe({ topics, fromBeginning: true });
await consumer.run({ eachMessage: handle });
const alive = setInterval(() => send([session(null, 'SUCCESS')]).catch(console.error), ALIVE_MS);
console.log('ready');
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    clearInterval(alive);
    await consumer.disconnect();
    await send([session(null, 'SUCCESS', { goodbye: true })]);
    await producer.disconnect();
    process.exit(0);
  });
}
