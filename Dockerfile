# Production only: no sandbox, no demo, no tests, no development packages. docs/operations.md says how to run it.

# What the sources need while they run. Nothing of it has an install script, so none is run.
FROM node:24-bookworm-slim AS packages
WORKDIR /postern
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

# The stylesheet, compiled once; Sass stays behind in this stage.
FROM packages AS stylesheet
RUN npm ci --ignore-scripts
COPY src/pages/stylesheet.ts src/pages/build-stylesheet.ts src/pages/
COPY views/stylesheet.scss views/
RUN ["node", "src/pages/build-stylesheet.ts"]

FROM node:24-bookworm-slim
# Nothing installs packages here, so nothing that could is left.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
           /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-*
ENV NODE_ENV=production
WORKDIR /postern
COPY --from=packages /postern/node_modules node_modules
COPY --from=stylesheet /postern/views/stylesheet.css views/
COPY package.json ./
COPY migrations migrations
COPY views views
COPY src src

# Owns nothing and writes nothing: run with a read-only root file system.
USER 10001:10001
EXPOSE 8443 8444 8445
STOPSIGNAL SIGTERM
# Alive, not ready: a database that is away must not have every process restarted.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 CMD ["node", "-e", "fetch('http://' + (process.env.OPERATIONS_LISTEN || '127.0.0.1:9464').replace(/^(0\\.0\\.0\\.0|\\[::\\])/, '127.0.0.1') + '/health/alive').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node handles SIGTERM itself; `docker run --init` reaps what debugging leaves behind.
CMD ["node", "--disable-proto=delete", "src/main.ts", "serve"]
