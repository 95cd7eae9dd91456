// SPDX-License-Identifier: MIT
// What undici's Pool, Node's fastest HTTP client, takes for the same requests: prints "requests-per-second cpu-microseconds".
// Run by delivery.cpp: undici.cjs modules url requests in-flight, and on standard input the header lines, an empty line, the body.
"use strict";
const path = require("path");
const { Pool } = require(path.join(path.resolve(process.argv[2]), "undici"));
const url = new URL(process.argv[3]);
const requests = Number(process.argv[4]);
const inFlight = Number(process.argv[5]);
const input = require("fs").readFileSync(0, "utf8");
const end = input.indexOf("\n\n");
const body = input.slice(end + 2);
const headers = {};
for (const line of input.slice(0, end).split("\n")) headers[line.slice(0, line.indexOf(": "))] = line.slice(line.indexOf(": ") + 2);

const pool = new Pool(url.origin, { connections: inFlight });
let left = 0;
async function one() {
  while (left-- > 0) {
    const { statusCode, body: answer } = await pool.request({ path: url.pathname, method: "POST", headers, body });
    await answer.dump();
    if (statusCode < 200 || statusCode > 299) throw new Error("undici got something else than 2xx: " + statusCode);
  }
}
async function send(count) {
  left = count;
  await Promise.all(Array.from({ length: inFlight }, one));
}
(async () => {
  await send(Math.max(requests, 30000));  // compiled by then
  const cpu = process.cpuUsage();
  const begin = process.hrtime.bigint();
  await send(requests);
  const used = process.cpuUsage(cpu);
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  console.log(requests / seconds, (used.user + used.system) / requests);
  await pool.close();
})().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
