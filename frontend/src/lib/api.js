// The public API of this server, as any other client calls it. What says who calls is the cookie of the session, which
// the server takes in the place of a token from its own pages, and no script can read.

import { translated } from "./refusals.js"

export class ApiError extends Error {
  constructor(status, body) {
    const messages = [body?.messages ?? [body?.userFriendlyMessage ?? body?.message ?? `HTTP ${status}`]].flat(2)
    super(messages.map(translated).join(" "))
    this.status = status
    // The field or part of a field that is at fault, where the message names it: `emails.primaryEmail`.
    this.field = /\bfield "([\w.]+)"/.exec(messages[0])?.[1] ?? /^"(\w+)" must be/.exec(messages[0])?.[1]
    this.index = body?.index
  }
}

export async function api(method, path, { query, body } = {}) {
  const url = new URL(`/rest/${path}`, location.origin)
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value)
  }
  const headers = {}
  if (body !== undefined) headers["Content-Type"] = "application/json"
  const answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  const text = await answer.text()
  let value
  try {
    value = text ? JSON.parse(text) : null
  } catch {
    value = { message: text }
  }
  if (!answer.ok) throw new ApiError(answer.status, value)
  return value
}

export async function graphql(query, variables = {}, path = "/graphql") {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables }),
  })
  const value = await answer.json()
  if (value.errors?.length) throw new ApiError(answer.status, { messages: value.errors.map((error) => error.message) })
  return value.data
}

export const metadata = (query, variables) => graphql(query, variables, "/metadata")
