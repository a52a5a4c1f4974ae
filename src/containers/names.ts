// Names for containers that were given none: an adjective and a boat, a bay or a sailor's word.
import { ConflictError, InvalidParameterError } from "../base/errors.ts";
import type { Random } from "../base/host.ts";

const adjectives =
  "able airy amber azure balmy blithe bold brave breezy bright brisk calm candid chipper civil clever coastal cosy crisp dapper daring deft dry eager early easy fair fleet fond fresh gallant gentle glad golden grand happy hardy hasty honest humble jaunty jolly keen kind lively loyal lucid lucky mellow merry mild misty modest neat nimble noble patient plucky polite proud quick quiet rapid ready roaming salty sandy serene sharp silent silver sleek snug sober spry steady still stout sunny swift tidal tidy tranquil trim trusty upbeat vivid warm wary windy wise witty zesty".split(
    " ",
  );

const nouns =
  "anchor bark barge beacon bilge boom bosun bowline brig buoy cabin canoe capstan caravel catamaran clipper coast cog compass coracle cove current cutter deck delta dhow dinghy dock dory estuary ferry fjord fleet fluyt foresail frigate galleon gig gull gunwale halyard harbour hatch helm hull inlet islet jetty jib junk kayak keel ketch knot lagoon lantern launch lighthouse lock longboat lugger mainsail marina mast mooring nautilus oar outrigger paddle pier pilot pinnace plank port prow punt quay raft reef rigging rudder sampan schooner scow sextant shallop shore skiff skipper sloop sound spar spinnaker spray stern strait tern thwart tide tiller topsail trawler tug wake wharf wherry windlass xebec yawl zephyr".split(
    " ",
  );

/** Docker's rule for a name that a user may give (moby `names.RestrictedNameChars`). */
const givenName = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** `adjective_noun`, not one of `taken`; after some tries a number is put behind it. */
export function randomName(random: Random, taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${adjectives[random.below(adjectives.length)]}_${nouns[random.below(nouns.length)]}`;
    const candidate = attempt < 6 ? name : `${name}${random.below(10 * attempt)}`;
    if (!taken(candidate)) return candidate;
  }
}

/** The name without its optional leading slash; InvalidParameterError in Docker's words when it breaks the rule. */
export function checkName(name: string): string {
  if (!givenName.test(name))
    throw new InvalidParameterError(
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  return name.startsWith("/") ? name.slice(1) : name;
}

export function nameTaken(name: string, holder: string): ConflictError {
  return new ConflictError(
    `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}
