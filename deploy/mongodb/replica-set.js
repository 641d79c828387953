// For mongosh: makes the three members one replica set, where they are none yet, and waits until it takes writes.
const hosts = ['mongodb-1', 'mongodb-2', 'mongodb-3'];

function isMade() {
  try {
    return rs.status().ok === 1;
  } catch (error) {
    if (error.codeName === 'NotYetInitialized') return false;
    throw error;
  }
}

if (!isMade()) {
  rs.initiate({ _id: 'rs0', members: hosts.map((name, place) => ({ _id: place, host: `${name}:27017` })) });
}
while (db.hello().primary === undefined) sleep(200);
print(`The primary is ${db.hello().primary}.`);
