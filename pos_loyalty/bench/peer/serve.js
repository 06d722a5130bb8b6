// The peer's server: express-pouchdb over leveldb. Writes its port, then serves until it is ended.
"use strict";

const express = require("express");
const PouchDB = require("pouchdb");

const folder = process.argv[2];
const Books = PouchDB.defaults({ prefix: `${folder}/` });
const app = express();
app.use(
  "/",
  require("express-pouchdb")(Books, {
    mode: "minimumForPouchDB",
    inMemoryConfig: true,
    logPath: `${folder}/log.txt`,
  }),
);
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
