// A gateway with kafkajs: one check for each vehicle on the command line.
//
//   node gateway.mjs kafkajs fleet-7.0042
//
// The client's name says whether it has the line of docs/contracts.md, or its former default.
import { Kafka, Partitioners, logLevel } from 'kafkajs';

const CLIENTS = { kafkajs: Partitioners.DefaultPartitioner, 'kafkajs-legacy': Partitioners.LegacyPartitioner };
const [client, ...vehicles] = process.argv.slice(2);

const brokers = process.env.KAFKA_BOOTSTRAP_SERVERS.split(',');
const kafka = new Kafka({ clientId: client, brokers, logLevel: logLevel.ERROR });
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: CLIENTS[client] });

const reading = (vehicle) => ({
  vehicle_id: vehicle,
  timestamp: new Date().toISOString(),
  engine_temp: 96.5,
  check_requested: true,
});

await producer.connect();
await producer.send({
  topic: `${process.env.TOPIC_PREFIX}vehicle.telemetry`,
  acks: -1,
  messages: vehicles.map((vehicle) => ({ key: vehicle, value: JSON.stringify(reading(vehicle)) })),
});
await producer.disconnect();
