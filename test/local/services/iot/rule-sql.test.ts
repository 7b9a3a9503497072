import { describe, expect, it } from 'vitest';
import { queuedMessageSql } from '../../../../ingest/model/queued-message.ts';
import { parseRuleSql } from '../../../../local/services/iot/rule-sql.ts';
import { filterProblem, topicFilter } from '../../../../local/services/iot/topic-filter.ts';

const message = {
  topic: 'czar/study/v1/d/ABCDEFGHJ/obs',
  payload: Buffer.from([0, 255, 10]),
  clientId: 'ABCDEFGHJ',
  principal: 'f00d',
  receivedAt: new Date(1_700_000_000_123),
};

const selected = (sql: string): unknown => JSON.parse(parseRuleSql(sql).select(message));

describe('the SQL of a rule', () => {
  it('makes of a message what the poller reads', () => {
    const query = parseRuleSql(queuedMessageSql('czar/study/v1/d/+/obs'));

    expect(query.matches(message.topic)).toBe(true);
    expect(query.matches('czar/study/v1/d/ABCDEFGHJ/other')).toBe(false);
    expect(JSON.parse(query.select(message))).toEqual({
      payload: 'AP8K',
      device: 'ABCDEFGHJ',
      receivedAt: 1_700_000_000_123,
      principal: 'f00d',
    });
  });

  it('reads keywords and functions in any case, and leaves out what has no value', () => {
    expect(
      selected("select TOPIC() as topic, ClientId() as Client, topic(7) as deep from 'czar/#'"),
    ).toEqual({ topic: message.topic, Client: 'ABCDEFGHJ' });
  });

  it.each([
    ["SELECT * FROM 'a'", '* is not supported'],
    ["SELECT temperature AS t FROM 'a'", 'temperature is not supported'],
    ["SELECT aws_lambda('x') AS t FROM 'a'", 'aws_lambda is not supported'],
    ["SELECT toString() AS t FROM 'a'", 'toString is not supported'],
    ["SELECT encode(payload, 'base64') AS p FROM 'a'", 'payload is not supported'],
    ["SELECT encode(*, 'hex') AS p FROM 'a'", 'encode: hex is not supported'],
    ["SELECT topic(0) AS t FROM 'a'", 'levels are counted from 1'],
    ["SELECT topic(1.5) AS t FROM 'a'", 'levels are counted from 1'],
    ["SELECT timestamp() FROM 'a'", 'FROM is not supported where AS is expected'],
    ["SELECT timestamp() AS t, topic() AS t FROM 'a'", 'two columns are called t'],
    ["SELECT timestamp() AS t FROM 'a' WHERE t > 1", 'WHERE is not supported'],
    ["SELECT timestamp() AS t FROM 'a/#/b'", 'a wildcard is not where it may be'],
    ["SELECT timestamp() AS t FROM '$aws/things/+/shadow'", 'begin with $ are not supported'],
    ['SELECT timestamp() AS t FROM a', 'a is not supported where a topic filter'],
    ['SELECT timestamp() AS t', 'the end is not supported where FROM'],
    ["SELECT timestamp() AS t FROM 'a", "' is not supported"],
    ['', 'the end is not supported where SELECT'],
  ])('%j is refused by name', (sql, reason) => {
    expect(() => parseRuleSql(sql)).toThrow(reason);
  });
});

describe('a topic filter', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['#', 'a/b', true],
    ['+/+', '/b', true],
  ])('%s: %s is %s', (filter, topic, matches) => {
    expect(filterProblem(filter)).toBeUndefined();
    expect(topicFilter(filter)(topic)).toBe(matches);
  });

  it.each(['', 'a/#/b', 'a+/b', 'a/b#', '$share/g/a', '1/2/3/4/5/6/7/8/9'])(
    '%j is refused',
    (filter) => {
      expect(filterProblem(filter)).toEqual(expect.any(String));
    },
  );
});
