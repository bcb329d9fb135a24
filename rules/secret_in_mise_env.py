"""JOB604: a secret in clear in a mise file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.configuration import ConfiguredVariable
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB604",
    "secret-in-mise-env",
    "a secret in clear in a mise [env]",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-16",),
)

_SECRET = re.compile(
    r"(?:^|_)(?:SECRET|TOKEN|PASSWD|PASSWORD|PASSPHRASE|PASS|PWD|API_?KEY|PRIVATE_?KEY|SECRET_?KEY|ACCESS_?KEY|CREDENTIALS?|AUTH)"
    r"(?:_(?:ID|KEY|VALUE|B64|BASE64))?\d*$",
    re.IGNORECASE,
)
_NAMES_NO_SECRET = re.compile(
    r"(?:^|_)(?:PUBLIC|PUB|OLDPWD|MAX|MIN|NUM|COUNT|LIMIT|EXPIRY|EXPIRES)(?:_|$)|TOKENS?_PER|^PWD$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"change[-_ ]?me|replace[-_ ]?me|your[-_ ].*|x{3,}|\*+|\.{3,}|<.*>|\[.*\]|to[-_ ]?do|tbd|dummy|placeholder|example|none|null|true|false|"
    r"redacted|fake|unset|not[-_ ]?set|secret|password|token|\d{1,4}|",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"^(?:op|vault|sops|age|awssm|aws-sm|gcp-sm|keyring|bws|doppler|fnox|file|env|ref|secretref)(?:\+\w+)?:|^ENC\[|^\$|^/|^~/|^\./"
)
_URL_WITH_PASSWORD = re.compile(
    r"^[a-z][\w+.-]*://[^\s/:@]*:(?P<password>[^\s/@]+)@(?P<host>[^\s/:?]*)", re.IGNORECASE
)
_HERE = frozenset(
    {"localhost", "127.0.0.1", "::1", "db", "postgres", "redis", "clickhouse", "host.docker.internal"}
)


@RULE.on(ConfiguredVariable)
def secret(variable: ConfiguredVariable, context: Context) -> Iterator[Draft]:
    """A variable whose name says secret, or a URL with a password."""
    if variable.host != "mise" or variable.form not in {"literal", "default"}:
        return
    value = variable.value.strip()
    by_url = _URL_WITH_PASSWORD.match(value)
    if by_url:
        if (
            _PLACEHOLDER.fullmatch(by_url["password"])
            or by_url["host"].lower() in _HERE
            or "$" in by_url["password"]
        ):
            return
    elif (
        not _named_secret(variable.name)
        or _PLACEHOLDER.fullmatch(value)
        or _REFERENCE.match(value)
        or _is_path(value)
    ):
        return
    what = "a password in the URL of" if by_url else "the value of"
    local = ".local." in context.file.path.rpartition("/")[2]
    owner = f" of task `{variable.owner}`" if variable.owner else ""
    yield RULE.found(
        variable.place,
        f"{what} `{variable.name}`{owner} stands here in clear: whoever can read the file has it, and `redact` masks output only",
        label="keep it out of the file: `_.file`, an encrypted value, or a secret manager",
        severity=Severity.INFO if local else None,
        data={"variable": variable.name},
    )


def _named_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _NAMES_NO_SECRET.search(name)


def _is_path(value: str) -> bool:
    """`keys/deploy.pem`: where the secret is, not the secret."""
    return bool(re.fullmatch(r"[\w./-]+\.(?:pem|key|json|txt|env|ya?ml|pub|crt|asc|gpg)", value))
