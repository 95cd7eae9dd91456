// SPDX-License-Identifier: MIT
// One library of another vendor, asked to sign and to verify: a JSON object a line on standard input, and the answer,
// a line each, on standard output. interop.cpp asks; what is done here is what a host of that library would write.
// Run as: node peer.cjs library folder-with-node_modules
"use strict";
const crypto = require("node:crypto");
const path = require("node:path");
const querystring = require("node:querystring");
const readline = require("node:readline");
const { createRequire } = require("node:module");

const [name, folder] = process.argv.slice(2);
const load = createRequire(path.join(path.resolve(folder), "package.json"));
const hmac = (hash, key, ...parts) => parts.reduce((mac, part) => mac.update(part), crypto.createHmac(hash, key));
const form = "application/x-www-form-urlencoded";

// A seed and a public key, one after the other, as a private key of Node's.
const ed25519 = (bytes) =>
  crypto.createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), bytes.subarray(0, 32)]),
    format: "der",
    type: "pkcs8",
  });

function webhooks(library, prefix) {
  const { Webhook } = load(library);
  return {
    sign: (c) => ({
      [`${prefix}-id`]: c.id,
      [`${prefix}-timestamp`]: String(c.time),
      [`${prefix}-signature`]: new Webhook(c.secret).sign(c.id, new Date(c.time * 1000), c.body),
    }),
    verify: (c) => {
      new Webhook(c.secret).verify(c.body, c.headers, { jsonParse: false });
      return true;
    },
  };
}

const peers = {
  standardwebhooks: () => webhooks("standardwebhooks", "webhook"),
  svix: () => webhooks("svix", "svix"),

  stripe() {
    const { webhooks } = load("stripe");
    return {
      sign: (c) => ({
        "stripe-signature": webhooks.generateTestHeaderString({
          payload: c.body.toString(),
          secret: c.secret,
          timestamp: c.time,
        }),
      }),
      verify: (c) => webhooks.signature.verifyHeader(c.body, c.headers["stripe-signature"], c.secret, 300),
    };
  },

  "@octokit/webhooks"() {
    const { Webhooks } = load("@octokit/webhooks");
    return {
      sign: async (c) => ({
        "x-github-delivery": c.id,
        "x-github-event": c.type,
        "x-hub-signature-256": await new Webhooks({ secret: c.secret }).sign(c.body.toString()),
      }),
      verify: (c) => new Webhooks({ secret: c.secret }).verify(c.body.toString(), c.headers["x-hub-signature-256"]),
    };
  },

  twilio() {
    const twilio = load("twilio");
    const isForm = (c) => (c.headers["content-type"] || "").startsWith(form);
    return {
      sign: (c) => ({
        "i-twilio-idempotency-token": c.id,
        "x-twilio-signature": twilio.getExpectedTwilioSignature(
          c.secret,
          c.url,
          isForm(c) ? querystring.parse(c.body.toString()) : {},
        ),
      }),
      verify: (c) =>
        twilio.validateIncomingRequest(
          {
            header: (field) => c.headers[field.toLowerCase()],
            body: isForm(c) ? querystring.parse(c.body.toString()) : {},
            rawBody: c.body.toString(),
          },
          c.secret,
          { url: c.url },
        ),
    };
  },

  // Three libraries verify only. Node's own cryptography signs for them.
  "@slack/bolt"() {
    const { HTTPModuleFunctions } = load("@slack/bolt");
    return {
      sign: (c) => ({
        "x-slack-request-timestamp": String(c.time),
        "x-slack-signature": "v0=" + hmac("sha256", c.secret, `v0:${c.time}:`, c.body).digest("hex"),
      }),
      async verify(c) {
        const request = { method: c.method, url: "/", headers: c.headers, rawBody: c.body };
        await HTTPModuleFunctions.parseAndVerifyHTTPRequest({ enabled: true, signingSecret: c.secret }, request);
        return true;
      },
    };
  },

  "@shopify/shopify-api"() {
    load("@shopify/shopify-api/adapters/node");
    const { shopifyApi } = load("@shopify/shopify-api");
    const api = shopifyApi({
      apiKey: "key",
      apiSecretKey: "secret",
      apiVersion: "2025-07",
      hostName: "receiver.example",
      isEmbeddedApp: false,
      logger: { log: () => undefined },
    });
    return {
      sign: (c) => ({
        "x-shopify-hmac-sha256": hmac("sha256", c.secret, c.body).digest("base64"),
        "x-shopify-topic": c.type.replaceAll(".", "/"),
        "x-shopify-webhook-id": c.id,
        "x-shopify-event-id": c.id,
      }),
      async verify(c) {
        api.config.apiSecretKey = c.secret;
        const rawRequest = { method: c.method, url: "/", headers: c.headers };
        return (await api.webhooks.validate({ rawBody: c.body.toString(), rawRequest })).valid;
      },
    };
  },

  "discord-interactions"() {
    const { verifyKey } = load("discord-interactions");
    return {
      sign: (c) => ({
        "x-signature-timestamp": String(c.time),
        "x-signature-ed25519": crypto
          .sign(null, Buffer.concat([Buffer.from(String(c.time)), c.body]), ed25519(Buffer.from(c.secret, "hex")))
          .toString("hex"),
      }),
      verify: (c) =>
        verifyKey(c.body, c.headers["x-signature-ed25519"], c.headers["x-signature-timestamp"], c.secret.slice(64)),
    };
  },

  "http-message-signatures"() {
    const { createSigner, createVerifier, httpbis } = load("http-message-signatures");
    const keyOf = (secret) => {
      if (!secret.startsWith("whsk_")) return [Buffer.from(secret, "base64"), "hmac-sha256"];
      return [ed25519(Buffer.from(secret.slice(5), "base64")), "ed25519"];
    };
    return {
      async sign(c) {
        const digest = crypto.createHash("sha256").update(c.body).digest("base64");
        const headers = { ...c.headers, "content-digest": `sha-256=:${digest}:`, "webhook-id": c.id };
        const config = {
          key: createSigner(...keyOf(c.secret), "sender"),
          name: "sig1",
          fields: ["@method", "@authority", "@path", "@query", "content-type", "content-digest", "webhook-id"],
          params: ["created", "keyid", "alg"],
          paramValues: { created: new Date(c.time * 1000) },
        };
        const { headers: all } = await httpbis.signMessage(config, { method: c.method, url: c.url, headers });
        delete all["content-type"];
        return all;
      },
      async verify(c) {
        const [key, alg] = keyOf(c.secret);
        const publicKey = alg === "ed25519" ? crypto.createPublicKey(key) : key;
        const verify = createVerifier(publicKey, alg);
        const config = {
          keyLookup: async () => ({ id: "sender", algs: [alg], verify }),
          requiredParams: ["created"],
          requiredFields: ["@method", "@authority", "@path", "content-digest"],
          tolerance: 300, // what it allows ahead, and takes off `created` before it applies maxAge
          maxAge: 600,
        };
        return (await httpbis.verifyMessage(config, c)) === true;
      },
    };
  },

  cloudevents() {
    const { CloudEvent, HTTP } = load("cloudevents");
    return {
      write(c) {
        const { id, source, type, subject, time, binary } = c;
        // In binary mode it writes objects as JSON, and expects everything else to be text already.
        const data = binary && typeof c.data !== "object" ? JSON.stringify(c.data) : c.data;
        const event = new CloudEvent({ id, source, type, subject, time, data, datacontenttype: "application/json" });
        const { headers, body } = binary ? HTTP.binary(event) : HTTP.structured(event);
        return { headers, body: Buffer.from(body === undefined ? "" : body).toString("base64") };
      },
      read(c) {
        const event = HTTP.toEvent({ headers: c.headers, body: c.body.toString() });
        event.validate();
        const { id, type, time, data } = event;
        return { id, type, time: new Date(time).getTime(), data: data === undefined ? null : data };
      },
    };
  },
};

// Fields of one name arrive joined, and names in lower case, as Node's server hands them on.
function arrived(fields) {
  const headers = {};
  for (const [field, value] of fields || []) {
    const lower = field.toLowerCase();
    headers[lower] = lower in headers ? `${headers[lower]}, ${value}` : value;
  }
  return headers;
}

const peer = peers[name]();
(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      const asked = JSON.parse(line);
      asked.headers = arrived(asked.headers);
      asked.body = Buffer.from(asked.body || "", "base64");
      Date.now = () => asked.now * 1000;
      answer = { result: await peer[asked.do](asked) };
    } catch (error) {
      answer = { error: String((error && error.message) || error).split("\n")[0] };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
})();
