// Prints how many channels an AsyncAPI document has; exit code 1, and its mistakes, where it is not valid.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { AvroSchemaParser } from '@asyncapi/avro-schema-parser';
const parser = new Parser();
parser.registerSchemaParser(AvroSchemaParser());
const { document, diagnostics } = await parser.parse(readFileSync(process.argv[2], 'utf8'));
const errors = diagnostics.filter((d) => d.severity === 0);
for (const e of errors.slice(0,20)) console.error(e.path.join('.'), e.message);
console.log(document ? document.channels().length : 0);
process.exit(errors.length || !document ? 1 : 0);
