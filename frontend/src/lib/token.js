// A token for the public API, for the person who is signed in. It lives in the memory of this page only.
let token
let refreshAt = 0

export async function accessToken() {
  if (Date.now() < refreshAt) return token
  const answer = await fetch("/session/token", { method: "POST" })
  if (answer.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`)
  if (!answer.ok) throw new Error(`The token could not be had (${answer.status})`)
  const given = await answer.json()
  token = given.token
  refreshAt = new Date(given.expiresAt).getTime() - 5 * 60_000
  return token
}
