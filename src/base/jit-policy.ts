// When JavaScriptCore compiles. The executable starts with that put off (scripts/build.ts): most commands are over before
// compiled code would pay, and the compiler's threads take the processors on which the daemon works for them meanwhile.
// Measured: a `run` that is refused for its flags takes 5.8 ms as it comes, 4.9 so; a whole `run` 1 ms less of the
// processors' time, and as long as before where one of them is idle.

/** A client that still runs after this has much to do. */
const clientPatienceMs = 50;

/** For the calling thread, from now on: at the start of every role and thread that lives long or works hard. */
export function compileAsUsual(): void {
  Bun.unsafe.setJITPolicy(1);
}

export function compileAsUsualSoon(): void {
  setTimeout(compileAsUsual, clientPatienceMs).unref();
}
