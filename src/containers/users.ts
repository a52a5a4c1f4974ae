// Users and groups by name or number, looked up in the texts of a container's own /etc/passwd and /etc/group.
import { InvalidParameterError } from "../base/errors.ts";
import type { SpecUser } from "../runtime/oci-spec/spec-input.ts";

type PasswdEntry = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
};

type GroupEntry = { readonly name: string; readonly gid: number; readonly members: readonly string[] };

/** The kernel takes 32 bits; Docker refuses the upper half, which other programs read as negative. */
const highestId = 2 ** 31 - 1;

/**
 * `spec` is `--user`: `name`, `uid`, either with `:group` or `:gid`, or "" for root. The user's supplementary groups come
 * along unless a group is given; `groupAdd` are more of them. A number needs no entry, a name does: InvalidParameterError
 * in Docker's words. A user with no entry has `/` for home.
 */
export function resolveUser(
  spec: string,
  passwd: string,
  group: string,
  groupAdd: readonly string[],
): SpecUser {
  const [userSpec = "", groupSpec = ""] = spec.split(":", 2);
  const groups = groupEntries(group);
  const user = findUser(userSpec, passwdEntries(passwd));
  const gid = groupSpec === "" ? user.gid : findGroup(groupSpec, groups);
  const memberOf =
    groupSpec === "" && user.name !== ""
      ? groups.filter(({ members }) => members.includes(user.name)).map((entry) => entry.gid)
      : [];
  const added = groupAdd.map((name) => findGroup(name, groups));
  return {
    uid: user.uid,
    gid,
    additionalGids: [...new Set([gid, ...memberOf, ...added])],
    home: user.home || "/",
  };
}

/** A text of digits is a number even where a name of digits exists: as Docker reads it. */
function findUser(spec: string, entries: readonly PasswdEntry[]): PasswdEntry {
  const uid = spec === "" ? 0 : idFrom(spec);
  const entry = entries.find((candidate) =>
    uid === undefined ? candidate.name === spec : candidate.uid === uid,
  );
  if (entry) return entry;
  if (uid === undefined)
    throw new InvalidParameterError(`unable to find user ${spec}: no matching entries in passwd file`);
  return { name: "", uid, gid: 0, home: "/" };
}

function findGroup(spec: string, entries: readonly GroupEntry[]): number {
  const gid = idFrom(spec);
  if (gid !== undefined) return gid;
  const entry = entries.find(({ name }) => name === spec);
  if (entry) return entry.gid;
  throw new InvalidParameterError(`unable to find group ${spec}: no matching entries in group file`);
}

/** undefined for a name. */
function idFrom(spec: string): number | undefined {
  if (!/^-?\d+$/.test(spec)) return undefined;
  const id = Number(spec);
  if (id < 0 || id > highestId)
    throw new InvalidParameterError(`uids and gids must be in range 0-${highestId}`);
  return id;
}

/** passwd(5): name, password, uid, gid, comment, home, shell. Lines that are none are passed over. */
function passwdEntries(text: string): readonly PasswdEntry[] {
  return fieldsOf(text).flatMap(([name = "", , uid = "", gid = "", , home = ""]) =>
    /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );
}

/** group(5): name, password, gid, members. */
function groupEntries(text: string): readonly GroupEntry[] {
  return fieldsOf(text).flatMap(([name = "", , gid = "", members = ""]) =>
    /^\d+$/.test(gid) ? [{ name, gid: Number(gid), members: members.split(",").filter(Boolean) }] : [],
  );
}

function fieldsOf(text: string): readonly (readonly string[])[] {
  return text.split("\n").map((line) => line.trim().split(":"));
}
