// A DIAGNOSIS agent in JavaScript, from docs/contracts.md alone: commands in, replies out.
//
//   npm install
//   KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 node agent.mjs
//
// TOPIC_PREFIX and APP_ID are for a system with other names; SCHEMAS is the folder of the .avsc files.
import { readFileSync } from 'node:fs';
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
};
const PREFIX_BYTES = 10;
const REPLY = Buffer.from('c3019ba8bb275d7f823f', 'hex');
const LANES = ['urgent', 'high', 'scheduled', 'routine']; // in this order
const topics = LANES.map((lane) => `${prefix}agent.diagnosis.${lane}`);

const load = (name) => avro.Type.forSchema(JSON.parse(readFileSync(`${schemas}/${name}.avsc`, 'utf8')));
const commands = Object.fromEntries(Object.entries(COMMANDS).map(([start, name]) => [start, load(name)]));
const reply = load('reply.v1');

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
  if (Number(asked.deadline_ms) < Date.now()) return; // the engine's timer has ended this try
  let value = answered.get(asked.command_id);
  if (value === undefined) {
    value = Buffer.concat([REPLY, reply.toBuffer(answer(asked))]);
    answered.set(asked.command_id, value);
    if (answered.size > 20_000) answered.delete(answered.keys().next().value);
  }
  const headers = {
    ce_specversion: '1.0',
    ce_id: asked.command_id,
    ce_type: 'master_orchestrator.Reply',
    ce_source: 'javascript-agent',
  };
  if (message.headers?.traceparent) headers.traceparent = message.headers.traceparent;
  // acks -1: all in-sync replicas. The offset is committed after this: a crash in between means a repeat.
  await producer.send({
    topic: `${prefix}agent.replies`,
    acks: -1,
    messages: [{ key: asked.vehicle_id, value, headers }],
  });
}

await producer.connect();
await consumer.connect();
await consumer.subscribe({ topics, fromBeginning: true });
await consumer.run({ eachMessage: handle });
console.log('ready');
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await consumer.disconnect();
    await producer.disconnect();
    process.exit(0);
  });
}
