// Annotations of a container that mean something to Sampan: every Docker client can pass them on (API 1.43).

/** `true`: the program is started by our own /sbin/init; `false`: it is not, whatever the daemon's default. */
export const sysinitAnnotation = "sampan.sysinit";
