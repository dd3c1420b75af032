// The table of bench/peers/run: a row of bench_query each, beside what the peers printed.
//
//   node table.mjs DIR      DIR holds ours.json, datascript.jsonl, duckdb.jsonl
//
// Exits with 1 if a peer found another number of rows.
import fs from 'node:fs';

const read = name => fs.readFileSync(process.argv[2] + '/' + name, 'utf8').trim();
const peers = [['DataScript', 'datascript.jsonl'], ['DuckDB', 'duckdb.jsonl']].map(([name, file]) =>
  [name, new Map(read(file).split('\n').filter(line => line).map(line => JSON.parse(line)).map(it => [it.name, it]))]);
const rounded = ms => ms >= 1000 ? Math.round(ms).toLocaleString('en') : ms.toPrecision(3);

console.log('| row | rows found | ours, ms | ' + peers.map(([name]) => name + ', ms | times slower |').join(' '));
console.log('|---|--:|--:|' + peers.map(() => '--:|--:|').join(''));
for (const { name: full, rows, ns } of JSON.parse(read('ours.json')).benchmarks) {
  const name = full.split('/')[0], ms = ns / 1e6;
  const cells = peers.map(([peer, all]) => {
    const it = all.get(name);
    if (it === undefined) return ' | ';
    if (it.ms === undefined) return `over ${rounded(1000 * it.stopped)} | over ${rounded(1000 * it.stopped / ms)}`;
    if (it.rows !== rows) console.error(`${name}: ${rows} rows, and ${it.rows} from ${peer}`), process.exitCode = 1;
    return `${rounded(it.ms)} | ${rounded(it.ms / ms)}`;
  });
  console.log(`| \`${name}\` | ${rows.toLocaleString('en')} | ${rounded(ms)} | ${cells.join(' | ')} |`);
}
