// A thread that compresses blocks of archives (compress.ts).
import { compressBlock, type CompressJob } from "./compress-block.ts";
import { serveJobs } from "./serve-jobs.ts";

serveJobs<CompressJob, Uint8Array>((job) => {
  const result = compressBlock(job);
  return Promise.resolve({ result, moved: [result.buffer] });
});
