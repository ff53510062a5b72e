// An OpenID provider with a few people, for tests: oidc.mjs PORT FOLDER. It is oidc-provider as it is, with a form
// to sign in that a program can fill in, and POST /test/rotate-keys, after which it signs with another key.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const [port, folder] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const secret = readFileSync(`${folder}/password`, 'utf8');
const PASSWORD = 'correct horse';

const people = {
  li: { name: '李晓明', email: 'li@example.edu', student_number: '20260001', groups: ['activists', 'cs-1'] },
  chen: { name: '陈老师', email: 'chen@example.edu', student_number: 'T-7', groups: ['reviewers'] },
  eve: { name: 'Eve', email: 'eve@example.com', groups: [] },
};

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

// Clients of tests are on this machine, at ports of their own.
const local = (uri) => ['127.0.0.1', 'localhost'].includes(new URL(uri).hostname);

function provider() {
  const made = new Provider(issuer, {
    clients: [
      {
        client_id: 'huibao',
        client_secret: secret,
        redirect_uris: ['http://127.0.0.1/callback'],
        application_type: 'native',
      },
    ],
    jwks: { keys: [signingKey()] },
    cookies: { keys: [secret] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'student_number', 'groups'],
      email: ['email'],
    },
    // As most providers do: the ID token has all claims.
    conformIdTokenClaims: false,
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: `sub-${id}`, preferred_username: id, ...people[id] }),
    }),
    // Nobody is asked for consent: it is the campus's own.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  made.Client.prototype.redirectUriAllowed = local;
  return made;
}

let current = provider();

const body = async (request) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
};

const server = createServer(async (request, response) => {
  try {
    if (request.method === 'POST' && request.url === '/test/rotate-keys') {
      current = provider();
      return response.writeHead(204).end();
    }
    if (!request.url.startsWith('/interaction/')) return current.callback()(request, response);
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      return response.end('<form method="post"><input name="login"><input name="password" type="password"></form>');
    }
    const form = await body(request);
    const login = form.get('login');
    if (!Object.hasOwn(people, login) || form.get('password') !== PASSWORD) {
      return response.writeHead(403).end('wrong');
    }
    // Native clients, which may be at any port, ask for consent each time.
    const result = { login: { accountId: login }, consent: {} };
    return await current.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
});
server.listen(Number(port), '127.0.0.1');
