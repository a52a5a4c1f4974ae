// Registries: signing in, looking at what they have, searching.
import { InvalidParameterError } from "../base/errors.ts";
import { inspectDistribution, searchRegistry } from "../engine/distribution.ts";
import { signIn } from "../engine/sign-in.ts";
import { credentialsOf, decodeAuthHeader } from "../registry/credentials.ts";
import { parseReference } from "../spec/reference.ts";
import type { Answer } from "./answer.ts";
import { json } from "./answer.ts";
import { authBody } from "./bodies.ts";
import type { Call } from "./call.ts";
import { headerOf, jsonBody, param } from "./call.ts";
import { filtersOf, integerOf, textOf } from "./query.ts";

export async function auth(call: Call): Promise<Answer> {
  const body = await jsonBody(call, authBody);
  const token = await signIn(call.engine, body.serveraddress ?? "", credentialsOf(body), call.signal);
  return json({ Status: "Login Succeeded", ...(token === "" ? {} : { IdentityToken: token }) });
}

export async function distribution(call: Call): Promise<Answer> {
  const { reference, problem } = parseReference(param(call, "name"));
  if (reference === undefined) throw new InvalidParameterError(problem);
  const credentials = decodeAuthHeader(headerOf(call, "x-registry-auth"));
  return json(await inspectDistribution(call.engine, reference, credentials, call.signal));
}

export async function search(call: Call): Promise<Answer> {
  const { engine, query, signal } = call;
  const credentials = decodeAuthHeader(headerOf(call, "x-registry-auth"));
  const limit = integerOf(query, "limit");
  const options = { credentials, filters: filtersOf(query), signal, limit: limit === 0 ? undefined : limit };
  return json(await searchRegistry(engine, textOf(query, "term"), options));
}
