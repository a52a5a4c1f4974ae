// The text that iptables-restore is given, made from the rules wanted and from what iptables-save said is there.
//
// With --noflush, `:CHAIN -` makes a chain of our own or empties it, and everything else stays. A table is committed in
// one step, so running containers never see half of a change.
import type { Chain, Rule, Ruleset, Table } from "./firewall.ts";

/** Makes our chains hold exactly these rules, each that has any jumped to exactly once and before anything else. */
export function installScript(ruleset: Ruleset, saved: string): string {
  const { chains, rules } = ruleset;
  return script(chains, (table) => {
    const own = chains.filter((chain) => chain.table === table);
    const made = own.filter((chain) => (hasChain(chain, saved) ? !chain.users : !isIdle(chain, ruleset)));
    return [
      ...made.map(({ name }) => `:${name} - [0:0]`),
      ...own.flatMap((chain) =>
        jumpCorrections(chain, countJumps(chain, saved), wantedJumps(chain, ruleset)),
      ),
      ...rules.filter((rule) => rule.table === table).map((rule) => `-A ${ruleText(rule)}`),
    ];
  });
}

/** Takes rules away and adds others, where our chains are as they should be; iptables-restore refuses where they are not. */
export function changeScript(removed: readonly Rule[], added: readonly Rule[]): string {
  return script([...removed, ...added], (table) => [
    ...removed.filter((rule) => rule.table === table).map((rule) => `-D ${ruleText(rule)}`),
    ...added.filter((rule) => rule.table === table).map((rule) => `-A ${ruleText(rule)}`),
  ]);
}

/** Takes away what is there of our chains and of the jumps to them; empty when there is nothing. A user's rules stay. */
export function removalScript(chains: readonly Chain[], saved: string): string {
  return script(chains, (table) => {
    const own = chains.filter((chain) => chain.table === table);
    const present = own.filter(
      (chain) => hasChain(chain, saved) && !(chain.users && countRules(chain, saved) > 0),
    );
    return [
      ...own.flatMap((chain) => Array<string>(countJumps(chain, saved)).fill(`-D ${jumpTo(chain)}`)),
      ...present.map(({ name }) => `-F ${name}`),
      ...present.map(({ name }) => `-X ${name}`),
    ];
  });
}

/** Whether our chains are there with as many rules as there should be, and jumped to: a flush by others takes all or some. */
export function isInstalled(ruleset: Ruleset, saved: string): boolean {
  return ruleset.chains.every(
    (chain) =>
      (hasChain(chain, saved) || isIdle(chain, ruleset)) &&
      (chain.users || countRules(chain, saved) === rulesOf(chain, ruleset).length) &&
      countJumps(chain, saved) === wantedJumps(chain, ruleset),
  );
}

/** Nothing comes by, and nothing would be done with it. */
function isIdle(chain: Chain, ruleset: Ruleset): boolean {
  return chain.from !== undefined && rulesOf(chain, ruleset).length === 0;
}

function rulesOf({ table, name }: Chain, { rules }: Ruleset): readonly Rule[] {
  return rules.filter((rule) => rule.table === table && rule.chain === name);
}

function wantedJumps(chain: Chain, ruleset: Ruleset): number {
  return chain.from === undefined || isIdle(chain, ruleset) ? 0 : 1;
}

function ruleText({ chain, text }: Rule): string {
  return `${chain} ${text}`;
}

function script(
  parts: readonly { readonly table: Table }[],
  body: (table: Table) => readonly string[],
): string {
  const tables = [...new Set(parts.map(({ table }) => table))];
  return tables
    .map((table) => ({ table, lines: body(table) }))
    .filter(({ lines }) => lines.length > 0)
    .map(({ table, lines }) => `*${table}\n${lines.join("\n")}\nCOMMIT\n`)
    .join("");
}

function jumpCorrections(chain: Chain, present: number, wanted: number): string[] {
  if (present < wanted) return [`-I ${jumpTo(chain)}`];
  return Array<string>(present - wanted).fill(`-D ${jumpTo(chain)}`);
}

function jumpTo({ from, name }: Chain): string {
  return `${from} -j ${name}`;
}

function countJumps(chain: Chain, saved: string): number {
  if (chain.from === undefined) return 0;
  return savedLines(saved, chain.table).filter((line) => line === `-A ${jumpTo(chain)}`).length;
}

function countRules({ table, name }: Chain, saved: string): number {
  return savedLines(saved, table).filter((line) => line.startsWith(`-A ${name} `)).length;
}

function hasChain({ table, name }: Chain, saved: string): boolean {
  return savedLines(saved, table).some((line) => line.startsWith(`:${name} `));
}

/** The lines of one table in the output of iptables-save. */
function savedLines(saved: string, table: Table): string[] {
  const lines = saved.split("\n");
  const start = lines.indexOf(`*${table}`);
  return start === -1 ? [] : lines.slice(start, lines.indexOf("COMMIT", start));
}
