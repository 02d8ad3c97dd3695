// Follows record events with the clients that people use: `node follow.mjs ws|sse URL TOKEN COUNT OBJECT OPERATION`.
// Prints "ready" once it listens, each payload on a line of its own, and ends after COUNT of them.
import { createClient as createSocketClient } from 'graphql-ws';
import { createClient as createStreamClient } from 'graphql-sse';
import WebSocket from 'ws';

const [way, url, token, count, objectNameSingular, operation] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const query = `subscription ($operations: [RecordOperation!], $object: String) {
  recordEvents(objectNameSingular: $object, operations: $operations) {
    id cursor what: eventName operation recordId record before updatedFields actor __typename
  }
}`;

const ready = () => console.log('ready');
const client =
  way === 'ws'
    ? createSocketClient({
        url: url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        retryAttempts: 0,
        on: { connected: () => setTimeout(ready, 300) },
      })
    : createStreamClient({ url, headers: { authorization }, retryAttempts: 0 });
if (way === 'sse') setTimeout(ready, 800);

const answers = client.iterate({ query, variables: { operations: [operation], object: objectNameSingular } });
let seen = 0;
for await (const answer of answers) {
  console.log(JSON.stringify(answer));
  if (++seen === Number(count)) break;
}
await client.dispose();
process.exit(0);
