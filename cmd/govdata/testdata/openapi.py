"""Lets schemathesis make up requests after the site's own OpenAPI document, and prints how many it tried.

Every operation is tried. The routes that take SQL are tried without one of the checks, positive_data_acceptance: no schema can say which
strings are SQL, and which parameters go together. Of them the paths that end in jsonl, xlsx, parquet and arrow have the handler of those
that end in csv and json, so they take part in the tests by examples and at random, not in the systematic ones of each parameter."""

import os, re, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
base = sys.argv[1]
questions = r"^/d/\{file\}$|/(rows|diff|sql)(\.[a-z]+)?$|/exports$"
runs = [
    ["--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--exclude-path-regex", questions],
    ["--phases", "examples,fuzzing", "--max-examples", "8", "--include-path-regex", questions, "--exclude-checks", "positive_data_acceptance"],
    ["--phases", "coverage", "--include-path-regex", r"^/d/\{file\}$|/(rows|diff|sql)(\.csv|\.json)?$|/exports$", "--exclude-checks", "positive_data_acceptance"],
]
operations, cases = 0, 0
for options in runs:
    done = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", base + "/openapi.json", "--seed", "1", "--no-shrink", "--continue-on-failure",
         "--request-timeout", "30", "--workers", "1", *options],
        capture_output=True, text=True, cwd=os.environ.get("TMPDIR", "/tmp"), env={**os.environ, "SCHEMATHESIS_HOOKS": os.path.join(here, "openapi_hooks.py")})
    if done.returncode != 0:
        sys.exit(done.stdout[-8000:] + done.stderr[-2000:])
    if "--exclude-checks" not in options or "examples,fuzzing" in options:
        operations += int(re.search(r"Tested: (\d+)", done.stdout).group(1))
    cases += int(re.search(r"(\d+) generated, (\d+) passed", done.stdout).group(2))
print(f"{operations} operations, {cases} cases passed")
