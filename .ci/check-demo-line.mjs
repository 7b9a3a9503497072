// Reads the demo's last line from stdin and fails unless it is the promised JSON object and all is well.
import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import process from 'node:process';

const line = JSON.parse(await text(process.stdin));
assert.equal(line.status, 'SUCCEEDED');
assert.match(line.executionArn, /^arn:aws:states:/);
assert.ok(line.objects >= 12);
assert.equal(line.workers, 5);
assert.ok(line.transitions > 0);
assert.ok(line.seconds > 0);
assert.ok(line.resultsDir.length > 0);
const checks = Object.values(line.checks);
assert.ok(checks.length >= 20 && checks.every((held) => held === true));
console.log(`demo: ${checks.length} checks held in ${line.seconds} s`);
