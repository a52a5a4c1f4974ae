// `npm run test:fuzz [requests] [seed]`: a long run against a daemon of its own; 100,000 requests unless told otherwise.
import { fuzzApi, problemsOf } from "./fuzz-api.ts";

const [requests = "100000", seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
console.log(`seed ${seed}, ${requests} requests`);
const startedAt = performance.now();
const report = await fuzzApi({
  seed: Number(seed),
  requests: Number(requests),
  onProgress: (done, text) =>
    console.log(`${done} ${Math.round((performance.now() - startedAt) / 1000)} s ${text}`),
});
const problems = problemsOf(report);
console.log(`${report.sent} sent, ${report.dropped} dropped as harmful`);
console.log(`statuses: ${JSON.stringify(report.statuses)}`);
console.log(`failures that the log explains: ${JSON.stringify(report.explained, undefined, 2)}`);
console.log(
  `memory: ${Math.round(report.rssBeforeMiB)} MiB before, ${Math.round(report.rssAfterMiB)} MiB after`,
);
for (const problem of problems) console.log(`PROBLEM ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
