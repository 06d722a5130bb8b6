// The peer's till: so many documents in leveldb, pushed to the server once it is told the address.
// Writes the mean size of a document when it is ready, then what the push took.
"use strict";

const readline = require("readline");
const PouchDB = require("pouchdb");

const [folder, count] = [process.argv[2], Number(process.argv[3])];
const SALES_AT_ONCE = 500;

function sale(place) {
  const digits = String(place).padStart(12, "0");
  return {
    _id: `0199aa00${digits}7000b0c1d2e3f4a5`.slice(0, 32),
    kind: "sale",
    member: `0199aa00${String(place % 2000).padStart(12, "0")}7000abcdef012345`.slice(0, 32),
    at_ms: 1795000000000 + place * 61000,
    boot_ms: 3600000 + place * 61000,
    tz_minutes: 60,
    program: "0199aa0000007000800000000000abcd",
    sale: { total: 150 + ((place * 7919) % 8850), currency: "EUR" },
    earned: (place * 7919) % 89,
    found_by: "card",
    tier: "base",
    v: 1,
  };
}

async function main() {
  const journal = new PouchDB(`${folder}/journal`);
  let size = 0;
  for (let first = 0; first < count; first += SALES_AT_ONCE) {
    const sales = [];
    for (let place = first; place < Math.min(count, first + SALES_AT_ONCE); place += 1) {
      sales.push(sale(place));
      size += JSON.stringify(sales[sales.length - 1]).length;
    }
    await journal.bulkDocs(sales);
  }
  console.log(JSON.stringify({ ready: Math.round(size / count) }));
  const lines = readline.createInterface({ input: process.stdin });
  const url = await new Promise((resolve) => lines.once("line", resolve));
  const before = process.cpuUsage();
  const began = Date.now();
  const done = await journal.replicate.to(`${url}/books`);
  const used = process.cpuUsage(before);
  console.log(
    JSON.stringify({
      written: done.docs_written,
      failed: done.doc_write_failures,
      cpu_seconds: (used.user + used.system) / 1e6,
      seconds: (Date.now() - began) / 1000,
    }),
  );
  lines.close();
  await journal.close();
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
