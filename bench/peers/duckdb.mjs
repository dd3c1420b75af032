// DuckDB on Node.js over the facts that `bench_query --write DIR` wrote, for bench/peers/run.
//
//   node duckdb.mjs DIR [PATTERN]
//
// One table of facts, in order of attribute and entity; prepared statements on as many threads as DuckDB chooses. Timed is the
// execution with all chunks of the result read, no JavaScript objects. A pull gives a row an entity, no tree.
//
// Prints a line of JSON a row of bench_query whose name PATTERN (a regular expression) matches: its name, how many
// rows were found, and the median of the milliseconds.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const [directory, pattern = ''] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(path.join(process.env.PEERS ?? '.', 'package.json'))('@duckdb/node-api');

const attributes = [];
const number_of = name => {
  if (!attributes.includes(name)) attributes.push(name);
  return attributes.indexOf(name);
};
// The entities and values of an attribute.
const texts = name => `(SELECT e, s AS v FROM facts WHERE a = ${number_of(name)})`;
const numbers = name => `(SELECT e, n AS v FROM facts WHERE a = ${number_of(name)})`;

const ages = `${texts('name')} n JOIN ${numbers('age')} g USING (e)`;
const tree = `WITH RECURSIVE r(e) AS (SELECT 1::BIGINT UNION ALL SELECT f.v FROM r JOIN ${numbers('follows')} f ON f.e = r.e)`;
const one = (name, column) => `max(CASE WHEN a = ${number_of(name)} THEN ${column} END)`;
const aliases = `list(s) FILTER (a = ${number_of('alias')})`;
const some = `${one('last-name', 's')}, ${aliases}, ${one('sex', 's')}, ${one('age', 'n')}, ${one('salary', 'n')}`;
const people = `FROM r JOIN facts USING (e) GROUP BY e`;
const pairs = `WITH RECURSIVE f(x, y) AS (SELECT e, v FROM ${numbers('follows')} UNION
  SELECT d.e, f.y FROM f JOIN ${numbers('follows')} d ON d.v = f.x) SELECT x, y FROM f`;
const names = texts('package/name'), edges = numbers('package/depends'), sections = texts('package/section');
const reached = (from, to) => `WITH RECURSIVE f(x) AS (SELECT d.${to} FROM ${names} l JOIN ${edges} d ON d.${from} = l.e WHERE l.v = $1
  UNION SELECT d.${to} FROM f JOIN ${edges} d ON d.${from} = f.x) SELECT n.v FROM f JOIN ${names} n ON n.e = f.x`;

const rows = [  // name, facts, statement, inputs
  ['q1', 'people', `SELECT e FROM ${texts('name')} WHERE v = $1`, 'Ivan'],
  ['q2', 'people', `SELECT e, g.v FROM ${ages} WHERE n.v = $1`, 'Ivan'],
  ['q2-switch', 'people', `SELECT e, g.v FROM ${numbers('age')} g JOIN ${texts('name')} n USING (e) WHERE n.v = $1`, 'Ivan'],
  ['q3', 'people', `SELECT e, g.v FROM ${ages} JOIN ${texts('sex')} s USING (e) WHERE n.v = $1 AND s.v = 'male'`, 'Ivan'],
  ['q4', 'people', `SELECT e, l.v, g.v FROM ${ages} JOIN ${texts('last-name')} l USING (e) JOIN ${texts('sex')} s USING (e)
    WHERE n.v = $1 AND s.v = 'male'`, 'Ivan'],
  ['q5', 'people', `SELECT e, n.v, l.v, g.v, s.v, al.v FROM ${ages} JOIN ${texts('last-name')} l USING (e)
    JOIN ${texts('sex')} s USING (e) JOIN ${texts('alias')} al USING (e) WHERE n.v = $1 AND g.v = $2`, 'Anastasia', 35],
  ['qpred1', 'people', `SELECT e, v FROM ${numbers('salary')} WHERE v > 50000`],
  ['qpred2', 'people', `SELECT e, v FROM ${numbers('salary')} WHERE v > $1`, 50000],
  ['pull-one', 'people-tree', `${tree} SELECT v FROM r JOIN ${texts('name')} USING (e)`],
  ['pull-many', 'people-tree', `${tree} SELECT e, ${some} ${people}`],
  ['pull-wildcard', 'people-tree', `${tree} SELECT e, ${one('id', 'n')}, ${one('name', 's')}, ${one('full-name', 's')}, ${some} ${people}`],
  ...['wide-3x3', 'wide-5x3', 'wide-7x3', 'wide-4x6', 'long-10x3', 'long-30x3', 'long-30x5'].map(tree => ['rules-' + tree, tree, pairs]),
  ...['libc6', 'libssl3'].map(name => ['dependents-' + name, 'debian',
    `SELECT n.v FROM ${names} l JOIN ${edges} x ON x.v = l.e JOIN ${names} n ON n.e = x.e WHERE l.v = $1`, name]),
  ['two-hop', 'debian', `SELECT na.v, nb.v FROM ${sections} x JOIN ${edges} d ON d.e = x.e JOIN ${sections} y ON y.e = d.v
    JOIN ${numbers('package/installed-size')} z ON z.e = d.v JOIN ${names} na ON na.e = x.e JOIN ${names} nb ON nb.e = d.v
    WHERE x.v = $1 AND y.v = $2 AND z.v > $3`, 'net', 'libs', 5000],
  ['triangles', 'debian', `SELECT count(*) FROM ${edges} ab JOIN ${edges} bc ON bc.e = ab.v JOIN ${edges} ac ON ac.e = ab.e AND ac.v = bc.v`],
  ['size-by-section', 'debian', `SELECT s.v, sum(z.v)::BIGINT FROM ${sections} s JOIN ${numbers('package/installed-size')} z USING (e) GROUP BY 1`],
  ['maintainers', 'debian', `SELECT v, count(*) FROM ${texts('package/maintainer')} GROUP BY 1`],
  ...['gnome-core', 'libreoffice'].flatMap(name => ['', '-left'].map(end => ['closure-' + name + end, 'debian', reached('e', 'v'), name])),
  ['all-dependents-libssl3', 'debian', reached('v', 'e'), 'libssl3'],
];

const connection = await (await DuckDBInstance.create(':memory:')).connect();
let loaded;
async function load(world) {
  if (loaded === world) return;
  await connection.run('CREATE OR REPLACE TABLE read (e BIGINT, a UTINYINT, n BIGINT, s VARCHAR)');
  const into = await connection.createAppender('read');
  for (const { 'db/id': e, ...rest } of JSON.parse(fs.readFileSync(path.join(directory, world + '.json')))) {
    for (const [name, values] of Object.entries(rest)) {
      for (const v of [values].flat()) {
        into.appendBigInt(BigInt(e)), into.appendUTinyInt(number_of(name));
        if (typeof v === 'number') into.appendBigInt(BigInt(v)), into.appendNull();
        else into.appendNull(), into.appendVarchar(v);
        into.endRow();
      }
    }
  }
  into.closeSync();
  await connection.run('CREATE OR REPLACE TABLE facts AS SELECT * FROM read ORDER BY a, e, n, s');
  loaded = world;
}

for (const [name, world, statement, ...inputs] of rows.filter(([name]) => new RegExp(pattern).test(name))) {
  await load(world);
  const prepared = await connection.prepare(statement);
  inputs.forEach((v, i) => typeof v === 'number' ? prepared.bindBigInt(i + 1, BigInt(v)) : prepared.bindVarchar(i + 1, v));
  const ask = () => prepared.runAndReadAll();
  const timed = async () => { const t = performance.now(); await ask(); return performance.now() - t; };
  const found = (await ask()).currentRowCount, times = [await timed()];
  for (const end = performance.now() + 2000; performance.now() < end || times.length < 3;) times.push(await timed());
  times.sort((a, b) => a - b);
  console.log(JSON.stringify({ name, rows: found, ms: times[times.length >> 1] }));
}
