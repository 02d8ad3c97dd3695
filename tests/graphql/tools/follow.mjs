// Follows record events with the clients that people use: `node follow.mjs ws|sse URL TOKEN COUNT OBJECT OPERATION AFTER`.
// Begins after a cursor, prints each payload on a line of its own, and ends after COUNT of them, or with 1 after a minute.
import { createClient as createSocketClient } from 'graphql-ws';
import { createClient as createStreamClient } from 'graphql-sse';
import WebSocket from 'ws';

const [way, url, token, count, objectNameSingular, operation, after] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const query = `subscription ($operations: [RecordOperation!], $object: String, $after: String) {
  recordEvents(objectNameSingular: $object, operations: $operations, after: $after) {
    id cursor what: eventName operation recordId record before updatedFields actor __typename
  }
}`;

const client =
  way === 'ws'
    ? createSocketClient({
        url: url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        retryAttempts: 0,
      })
    : createStreamClient({ url, headers: { authorization }, retryAttempts: 0 });

setTimeout(() => process.exit(1), 60_000).unref();

const answers = client.iterate({ query, variables: { operations: [operation], object: objectNameSingular, after } });
let seen = 0;
for await (const answer of answers) {
  console.log(JSON.stringify(answer));
  if (++seen === Number(count)) break;
}
await client.dispose();
process.exit(0);
