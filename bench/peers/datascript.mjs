// DataScript on Node.js over the facts that `bench_query --write DIR` wrote, for bench/peers/run.
//
//   node datascript.mjs DIR [PATTERN]
//
// Prints a line of JSON a row of bench_query whose name PATTERN (a regular expression) matches: its name, how many
// rows were found, and the median of the milliseconds. A row that takes over a minute at its first try is `stopped`
// by a limit of its own process, since DataScript cannot be interrupted.
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const [directory, pattern = '', only_here] = process.argv.slice(2);
const d = createRequire(path.join(process.env.PEERS ?? '.', 'package.json'))('datascript');
const longest = 60_000;

// DataScript's JavaScript interface names attributes by plain strings.
const many = { ':db/cardinality': ':db.cardinality/many' };
const refs = { ':db/valueType': ':db.type/ref', ...many };
const indexed = { ':db/index': true };
const schemas = {
  people: { alias: { ...many, ...indexed }, ...Object.fromEntries(['name', 'last-name', 'full-name', 'sex', 'age', 'salary'].map(a => [a, indexed])) },
  trees: { follows: refs },
  'people-tree': { alias: many, follows: refs },
  debian: { 'package/name': { ':db/unique': ':db.unique/identity' }, 'package/section': indexed, 'package/depends': refs },
};

const transitive = (name, attribute, left) => `[[(${name} ?x ?y) [?x "${attribute}" ?y]] ${left
  ? `[(${name} ?x ?y) (${name} ?x ?t) [?t "${attribute}" ?y]]`
  : `[(${name} ?x ?y) [?x "${attribute}" ?t] (${name} ?t ?y)]`}]`;
const needs = transitive('needs', 'package/depends'), needs_left = transitive('needs', 'package/depends', true);
const closure = '[:find ?n :in $ % ?root :where [?r "package/name" ?root] (needs ?r ?e) [?e "package/name" ?n]]';

const rows = [  // name, facts, query or { pull }, inputs
  ['q1', 'people', '[:find ?e :where [?e "name" "Ivan"]]'],
  ['q2', 'people', '[:find ?e ?a :where [?e "name" "Ivan"] [?e "age" ?a]]'],
  ['q2-switch', 'people', '[:find ?e ?a :where [?e "age" ?a] [?e "name" "Ivan"]]'],
  ['q3', 'people', '[:find ?e ?a :where [?e "name" "Ivan"] [?e "age" ?a] [?e "sex" "male"]]'],
  ['q4', 'people', '[:find ?e ?l ?a :where [?e "name" "Ivan"] [?e "last-name" ?l] [?e "age" ?a] [?e "sex" "male"]]'],
  ['q5', 'people', '[:find ?e ?n ?l ?a ?s ?al :in $ ?n ?a :where [?e "name" ?n] [?e "age" ?a] [?e "last-name" ?l] [?e "sex" ?s] [?e "alias" ?al]]', 'Anastasia', 35],
  ['qpred1', 'people', '[:find ?e ?s :where [?e "salary" ?s] [(> ?s 50000)]]'],
  ['qpred2', 'people', '[:find ?e ?s :in $ ?min :where [?e "salary" ?s] [(> ?s ?min)]]', 50000],
  ['pull-one', 'people-tree', { pull: '["name" {"follows" ...}]' }],
  ['pull-many', 'people-tree', { pull: '[:db/id "last-name" "alias" "sex" "age" "salary" {"follows" ...}]' }],
  ['pull-wildcard', 'people-tree', { pull: '[* {"follows" ...}]' }],
  ...['wide-3x3', 'wide-5x3', 'wide-7x3', 'wide-4x6', 'long-10x3', 'long-30x3', 'long-30x5'].map(tree =>
    ['rules-' + tree, tree, '[:find ?e ?e2 :in $ % :where (follows ?e ?e2)]', transitive('follows', 'follows')]),
  ...['libc6', 'libssl3'].map(name => ['dependents-' + name, 'debian',
    '[:find ?n :in $ ?t :where [?l "package/name" ?t] [?e "package/depends" ?l] [?e "package/name" ?n]]', name]),
  ['two-hop', 'debian', '[:find ?na ?nb :in $ ?x ?y ?min :where [?a "package/section" ?x] [?a "package/depends" ?b] [?b "package/section" ?y] [?b "package/installed-size" ?s] [(> ?s ?min)] [?a "package/name" ?na] [?b "package/name" ?nb]]', 'net', 'libs', 5000],
  ['triangles', 'debian', '[:find (count ?a) :with ?b ?c :where [?a "package/depends" ?b] [?b "package/depends" ?c] [?a "package/depends" ?c]]'],
  ['size-by-section', 'debian', '[:find ?s (sum ?z) :with ?e :where [?e "package/section" ?s] [?e "package/installed-size" ?z]]'],
  ['maintainers', 'debian', '[:find ?m (count ?e) :where [?e "package/maintainer" ?m]]'],
  ...['gnome-core', 'libreoffice'].flatMap(name => [
    ['closure-' + name, 'debian', closure, needs, name], ['closure-' + name + '-left', 'debian', closure, needs_left, name]]),
  ['all-dependents-libssl3', 'debian', '[:find ?n :in $ % ?root :where [?r "package/name" ?root] (needs ?e ?r) [?e "package/name" ?n]]', needs, 'libssl3'],
];

// The entities of a tree that was pulled.
const people = tree => [tree, ...(tree.follows ?? []).flatMap(people)];

function measure([name, world, query, ...inputs]) {
  const facts = JSON.parse(fs.readFileSync(path.join(directory, world + '.json')))
    .map(({ 'db/id': id, ...rest }) => ({ ':db/id': id, ...rest }));
  const db = d.db_with(d.empty_db(schemas[world] ?? schemas.trees), facts);
  const ask = query.pull ? () => d.pull(db, query.pull, 1) : () => d.q(query, db, ...inputs);
  const timed = () => { const t = performance.now(); ask(); return performance.now() - t; };
  const found = (query.pull ? people(ask()) : ask()).length, times = [timed()];
  for (const end = performance.now() + 2000; performance.now() < end || times.length < 3;) times.push(timed());
  times.sort((a, b) => a - b);
  return { name, rows: found, ms: times[times.length >> 1] };
}

if (only_here) {
  console.log(JSON.stringify(measure(rows.find(([name]) => name === only_here))));
} else {
  for (const [name] of rows.filter(([name]) => new RegExp(pattern).test(name))) {
    try {
      process.stdout.write(execFileSync(process.execPath, ['--max-old-space-size=6000', process.argv[1], directory, '', name],
        { timeout: longest + 30_000, stdio: ['ignore', 'pipe', 'ignore'] }));
    } catch {
      console.log(JSON.stringify({ name, stopped: longest / 1000 }));
    }
  }
}
