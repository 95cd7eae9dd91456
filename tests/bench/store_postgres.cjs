// SPDX-License-Identifier: MIT
// What the job queues of others do on the server of store_postgres.cpp: lines "library what rate how", rates per second.
// Run by store_postgres.sh: node store_postgres.cjs <folder they are installed in> <socket> <user> <jobs> <emits>
// Jobs: how many are claimed and completed for each setting; 0 measures emits alone.
"use strict";
const path = require("path");
const { createRequire } = require("module");
const { pathToFileURL } = require("url");

const modules = path.resolve(process.argv[2]);
const [socket, user] = process.argv.slice(3, 5);
const jobs = Number(process.argv[5]);
const emits = Number(process.argv[6]);
const connections = 8;
const payload = { text: "x".repeat(1024 - 11) };
const server = { host: socket, user, database: "postgres" };
const resolve = createRequire(path.join(modules, "here.cjs"));

const load = async (name) => import(pathToFileURL(resolve.resolve(name)).href);
const version = (name) => require(path.join(modules, name, "package.json")).version;
const say = (name, what, rate, how) => console.log(`${name}@${version(name)} ${what} ${rate.toFixed(0)} ${how}`);

async function rate(count, work) {
  const start = process.hrtime.bigint();
  await work();
  return count / (Number(process.hrtime.bigint() - start) / 1e9);
}

/// One after the other, and as many at once as there are connections.
async function emit(name, send) {
  for (let i = 0; i < 200; ++i) await send();  // compiled by then
  const alone = await rate(emits, async () => {
    for (let i = 0; i < emits; ++i) await send();
  });
  say(name, "emit", alone, "awaited-one-by-one");
  const together = await rate(emits, () =>
    Promise.all(Array.from({ length: connections }, async () => {
      for (let i = 0; i < emits / connections; ++i) await send();
    })));
  say(name, "emits", together, `${connections}-connections`);
}

async function pgBoss() {
  const name = "pg-boss";
  const { PgBoss } = await load(name);
  const boss = new PgBoss({ ...server, max: connections, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue("q");
  const take = async (batchSize) => {
    for (;;) {
      const taken = await boss.fetch("q", { batchSize });
      if (taken.length === 0) return;
      await boss.complete("q", taken.map((job) => job.id));
    }
  };
  const fill = async (count) => {
    for (let left = count; left > 0; left -= 500)
      await boss.insert("q", Array.from({ length: Math.min(left, 500) }, () => ({ data: payload })));
  };
  await fill(1000);
  await take(100);
  for (const batchSize of jobs > 0 ? [100, 500, 1000] : []) {
    for (const loops of [1, 2, 4]) {
      await fill(jobs);
      say(name, "complete", await rate(jobs, () => Promise.all(Array.from({ length: loops }, () => take(batchSize)))),
          `batches-of-${batchSize},-${loops}-at-once`);
    }
  }
  await emit(name, () => boss.send("q", payload));
  await boss.stop({ graceful: false });
}

async function graphileWorker() {
  const name = "graphile-worker";
  const { makeWorkerUtils, run, Logger } = await load(name);
  const { Pool } = resolve("pg");
  const logger = new Logger(() => () => {});
  const pgPool = new Pool({ ...server, max: 28 });
  pgPool.on("error", () => {});
  pgPool.on("connect", (client) => client.on("error", () => {}));
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  const settings = [
    ["concurrency-10", { concurrentJobs: 10 }],
    ["concurrency-24", { concurrentJobs: 24 }],
    // As its own measurements of throughput have it.
    ["concurrency-24,-batches-of-500",
     { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }],
    ["concurrency-100,-batches-of-500",
     { concurrentJobs: 100, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }],
  ];
  const fill = (count) => pgPool.query(
    "SELECT count(graphile_worker.add_job('j', $1::json)) FROM generate_series(1, $2::int)",
    [JSON.stringify(payload), count]);
  for (const [how, worker] of jobs > 0 ? settings : []) {
    await fill(jobs);
    let left = jobs;
    let finished;
    const all = new Promise((done) => (finished = done));
    const left_in_table = async () => (await pgPool.query("SELECT 1 FROM graphile_worker.jobs LIMIT 1")).rowCount;
    say(name, "complete", await rate(jobs, async () => {
      const runner = await run({
        pgPool, logger, noHandleSignals: true, parsedCronItems: [],
        taskList: { j: async () => { if (--left === 0) finished(); } },
        preset: { worker },
      });
      await all;
      while (await left_in_table()) await new Promise((again) => setTimeout(again, 1));
      runner.stop().catch(() => {});
    }), how);
    await new Promise((rest) => setTimeout(rest, 500));
  }
  await emit(name, () => utils.addJob("j", payload));
  await utils.release();
}

(async () => {
  await pgBoss();
  await graphileWorker();
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
