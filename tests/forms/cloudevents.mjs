// SPDX-License-Identifier: MIT
//
// cloudevents.mjs DIRECTORY CLOUDEVENTS EVENTS: each line of CLOUDEVENTS is a
// CloudEvent by the package `cloudevents` below DIRECTORY, in its strict mode,
// and says what the same line of EVENTS, an export, says.  Exits with 1 where
// one is not; prints how many there are.
import assert from 'node:assert';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [directory, cloudEvents, events] = process.argv.slice(2);
const require = createRequire(path.resolve(directory) + '/');
const { CloudEvent } = require('cloudevents');

const lines = (name) =>
  fs.readFileSync(name, 'utf8').split('\n').filter((line) => line !== '');

const plain = lines(events);
const wrapped = lines(cloudEvents);
assert.strictEqual(wrapped.length, plain.length);
wrapped.forEach((line, i) => {
  const given = JSON.parse(line);
  const read = new CloudEvent(given, true);
  const { seq, rev, recorded, id, type, partnership, ...rest } =
    JSON.parse(plain[i]);
  assert.strictEqual(read.id, id);
  assert.strictEqual(read.type, type);
  assert.strictEqual(read.subject, partnership);
  assert.deepStrictEqual(read.data, rest);
  assert.strictEqual(Number(read.sequence), seq);
  assert.strictEqual(Date.parse(read.recordedtime), recorded);
  // Only a day or an instant has a time.
  const day = /^\d{4}-\d\d-\d\d($|T)/.test(rest.occurred) &&
    !/[?~%/]/.test(rest.occurred);
  assert.strictEqual('time' in given, day, rest.occurred);
  if (day) {
    // without an offset it is UTC
    const [date, clock] = rest.occurred.split('T');
    const zoned = !clock ? date
      : /Z$|[+-]\d\d(:\d\d)?$/.test(clock) ? rest.occurred
        : rest.occurred + 'Z';
    assert.strictEqual(Date.parse(given.time), Date.parse(zoned));
  }
});
assert.throws(() => new CloudEvent({ ...JSON.parse(wrapped[0]), source: '' }));
console.log(wrapped.length);
