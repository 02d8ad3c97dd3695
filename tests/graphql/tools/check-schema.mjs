// Builds a client's schema from an introspection and validates documents against it.
// stdin: {"introspection": {...}, "documents": {name: text}}; stdout: {"schema": [message], "documents": {name: [message]}}
import { readFileSync } from "node:fs";
import { buildClientSchema, parse, validate, validateSchema } from "graphql";

const { introspection, documents } = JSON.parse(readFileSync(0, "utf8"));
const schema = buildClientSchema(introspection);
const messages = (errors) => errors.map((error) => error.message);
const found = Object.entries(documents).map(([name, text]) => [name, messages(validate(schema, parse(text)))]);

process.stdout.write(JSON.stringify({ schema: messages(validateSchema(schema)), documents: Object.fromEntries(found) }));
