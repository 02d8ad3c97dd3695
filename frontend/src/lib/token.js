// A short-lived token for the playgrounds, which acts as the person who is signed in. It stays in this page's memory.
import { metadata } from "./api.js"

let token
let refreshAt = 0

export async function accessToken() {
  if (Date.now() < refreshAt) return token
  const { generatePlaygroundToken: given } = await metadata("mutation { generatePlaygroundToken { token expiresAt } }")
  token = given.token
  refreshAt = new Date(given.expiresAt).getTime() - 5 * 60_000
  return token
}
