// SPDX-License-Identifier: MIT
// What the libraries of others take to sign and to verify, for sign.cpp: lines "library size sign verify", the least
// nanoseconds of CPU of many rounds. Run by sign.sh with a folder that they are installed in.
"use strict";
const path = require("path");
const modules = path.resolve(process.argv[2]);
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "evt_2mWJ4YvbN8sKdQZ1LrXt5cHf";

function least(times, work) {
  for (let i = 0; i < 2 * times; ++i) work();  // compiled by then
  let best = Infinity;
  for (let round = 0; round < 20; ++round) {
    const before = process.cpuUsage();
    for (let i = 0; i < times; ++i) work();
    const used = process.cpuUsage(before);
    best = Math.min(best, ((used.user + used.system) * 1000) / times);
  }
  return best;
}

for (const library of ["standardwebhooks", "svix"]) {
  const { Webhook } = require(path.join(modules, library));
  const { version } = require(path.join(modules, library, "package.json"));
  const webhook = new Webhook(secret);
  for (const size of [64, 1024, 10240]) {
    const body = JSON.stringify({ text: "x".repeat(size - 11) });
    const now = new Date();
    const signature = webhook.sign(id, now, body);
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": signature,
    };
    const times = Math.ceil(2e6 / (size + 1000));
    const sign = least(times, () => webhook.sign(id, now, body));
    const verify = least(times, () => webhook.verify(body, headers));
    console.log(`${library}@${version} ${Buffer.byteLength(body)} ${sign.toFixed(0)} ${verify.toFixed(0)}`);
  }
}
