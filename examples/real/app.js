// Counts visits in redis; speaks its protocol by hand, so that nothing has to be installed.
const http = require("http");
const net = require("net");
const { APP_PORT, CACHE_PORT } = process.env;

function count() {
  return new Promise((resolve, reject) => {
    const cache = net.connect(CACHE_PORT, "127.0.0.1", () => cache.write("INCR visits\r\n"));
    cache.once("data", (answer) => {
      cache.end();
      resolve(Number(answer.toString().slice(1)));
    });
    cache.once("error", reject);
  });
}

const server = http.createServer(async (request, response) => {
  if (request.url === "/healthz") return response.end("fine\n");
  try {
    response.end(`visit ${await count()}\n`);
  } catch (error) {
    response.statusCode = 503;
    response.end(`${error.message}\n`);
  }
});

server.listen(APP_PORT, "127.0.0.1", () => console.log(`listening on ${APP_PORT}`));
process.on("SIGTERM", () => {
  console.log("finishing");
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
