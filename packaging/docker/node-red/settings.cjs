// Node-RED in the container. Whoever reaches the port can change the flows, unless ADMIN_PASSWORD_HASH is set
// (made by `docker compose run --rm --entrypoint node-red node-red admin hash-pw`).
const hash = process.env.ADMIN_PASSWORD_HASH;

module.exports = {
  flowFile: 'flows.json',
  uiHost: '0.0.0.0',
  uiPort: 1880,
  apiMaxLength: '64mb',
  telemetry: { enabled: false },
  ...(hash && { adminAuth: { type: 'credentials', users: [{ username: 'admin', password: hash, permissions: '*' }] } }),
};
