"""What `python handler.py --help` says of each command."""

EXIT_CODES = """\
exit codes:
  0   done, or stopped as told; for call: the answer is a 2xx
  1   a bug
  2   wrong options, or a file that they name cannot be read or has a mistake
  4   for call, check-cloud, list, repair: the answer is a 4xx, so nothing was changed
      for check-cloud: requests will fail at the cloud
  5   for the same: the answer is a 5xx: repeat the same command once the problem in the message is solved
      for call --csv: the worst of all answers; 5, too, where an interrupt left rows untried
  69  for serve: the address cannot be listened on
  78  a mistake in the settings
  130, 143  for the same: interrupted before anything was asked"""
SERVE = """\
Serves the functions over HTTP until SIGTERM or SIGINT.

example:
  python handler.py serve --config config.yaml --listen 127.0.0.1:42356"""
CALL = """\
Calls one function and prints the body of its answer. The request is a JSON object, in a file or on standard input.
The log goes to its file and to standard error.

Where the request has no cloud_env, it is made of the variables OS_AUTH_URL, OS_PASSWORD, OS_USERNAME and so on, as the
openstack command has them: source the openrc file of the account first. No secret is ever an argument, because
every user of the machine can read the arguments.

With --csv, it calls the function for each row of a list, five at a time, and prints a line of JSON when each ends.
The first row of the list names fields of the request. The same command again finishes what is not done.

example:
  echo '{"username": "ann", "password": "…"}' | python handler.py call create_user_project
  python handler.py call create_user_project --csv people.csv >answers.jsonl"""
CHECK_CLOUD = """\
Says whether sign-ups, changes and removals will work at the cloud, and what helps if not. It changes nothing.

The account is the one that the Concertim UI sends as cloud_env. It is in the variables OS_AUTH_URL, OS_PASSWORD,
OS_USERNAME and so on, as the openstack command has them: source its openrc file first.

Each check has a line with its state: ok, warning, problem, or unknown where no call can show it. Below it stands what
helps, often a command to copy.

example:
  . admin-openrc.sh
  python handler.py check-cloud"""
OPENAPI = """\
Prints the contract in OpenAPI 3.1, as GET /openapi.json answers it, for generators of clients.

example:
  python handler.py openapi >openapi.json"""
CHECK_SETTINGS = """\
Says whether the service would start with the settings, what they set, and what they leave open.

example:
  python handler.py check-settings --config config.yaml"""
LIST = """\
Shows every user, project and team of Concertim's in the cloud, and what is wrong with them. Nothing is changed.
The account is that of the variables OS_AUTH_URL, OS_PASSWORD, OS_USERNAME and so on.

example:
  python handler.py list --with-problems
  python handler.py list --format html >mapping.html"""
REPAIR = """\
Says what it would change about the users, projects and teams of Concertim's, and with --apply changes it: marks what
the older service made, grants the roles that are missing, replaces the role admin of a user on Concertim's projects,
and finishes what a sign-up has left half-made for six hours. It removes users only with --named-user or
--remove-half-made. It can be interrupted and repeated.
The account is that of the variables OS_AUTH_URL, OS_PASSWORD, OS_USERNAME and so on.

example:
  python handler.py repair
  python handler.py repair --apply"""
