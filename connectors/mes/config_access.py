"""How a REST API is entered: login steps, token, signature, envelope, certificates.

Belongs here: the pydantic models. Does not belong here: doing any of it (`login.py`, `signers/`,
`envelope.py`, `transport.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from connectors.config_base import ONE_OR_MANY, Config, EnvName, Name, Scalar
from connectors.mes.paths import ItemPath


class FromEnv(Config):
    """A value read from the environment when the connector is opened."""

    env: EnvName


class MesEnvelope(Config):
    """How a reply says that it worked, and where its rows are.

    success: path of the code (null: the HTTP code is enough); success_values are compared as text, and a
    null among them allows a reply without the code. failure: paths whose value `false` is a failure
    although the code is right. failure_text: a reply that begins so is a failure (also one that is not
    JSON). busy_values: codes that mean "too many requests, wait". message: path(s) of the server's words.
    """

    success: ItemPath | None = "code"
    success_values: list[Scalar] = Field(default=["200"])
    failure: list[ItemPath] = Field(default_factory=list)
    failure_text: list[str] = Field(default_factory=list)
    busy_values: list[Scalar] = Field(default=["429"])
    message: Annotated[list[ItemPath], WithJsonSchema(ONE_OR_MANY)] = Field(
        default_factory=lambda: ["message", "msg", "detail", "error"]
    )
    rows: ItemPath = "data.list"
    total: ItemPath | None = "data.total"

    @field_validator("message", mode="before")
    @classmethod
    def _one_message(cls, value: Any) -> Any:
        if value is None:
            return []
        return [value] if isinstance(value, str) else value


class MesSign(Config):
    """A signature made by a plug-in of connectors/mes/signers; `values` are its own (templates).

    lost_status, lost_words: as in `auth`, for APIs that keep a session beside the signature and no login.
    """

    signer: str
    values: dict[str, Any] = Field(default_factory=dict)
    lost_status: list[Scalar] = Field(default=[401])
    lost_words: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_known(self) -> MesSign:
        from connectors.mes.signers import SIGNERS

        if self.signer not in SIGNERS:
            raise ValueError(f"signer {self.signer}: known are {', '.join(sorted(SIGNERS))}")
        if problem := SIGNERS[self.signer].wrong(self.values):
            raise ValueError(f"signer {self.signer}: {problem}")
        return self


class LoginStep(Config):
    """One request of the login. `path` below the address of the system, or `url` as a template.

    body, query, headers: templates; they know {timestamp_ms}, {timestamp}, {nonce} and what earlier steps
    kept. A GET sends `body` in the query. keep: {name: path in the reply}, for later steps, for
    `headers`, `query` and `base_url`. Cookies a reply sets are kept as a browser does.
    """

    path: str | None = None
    url: str | None = None
    method: Literal["GET", "POST"] = "POST"
    body: dict[str, Any] = Field(default_factory=dict)
    query: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, Any] = Field(default_factory=dict)
    form: bool = False
    sign: MesSign | None = None
    envelope: MesEnvelope | None = None
    keep: dict[Name, ItemPath] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _goes_somewhere(self) -> LoginStep:
        if (self.path is None) == (self.url is None):
            raise ValueError("a login step needs either `path` or `url`")
        return self


class MesAuth(LoginStep):
    """The login, and where its token goes. `before`: steps done first (app token, gateway address).

    token, expires: paths in the reply; token null: the session is a cookie. expires_kind "duration":
    seconds (or ms) from now; "epoch": a point in time. lasts_seconds: if the reply does not say.
    place: where the token is sent. lost_status: HTTP codes (and codes in the body of a failure) that mean
    that the token is no longer valid; lost_words: words in the message of a failure that mean the same.
    Then one new login, and the same request again. base_url: template of the address all requests go to.
    """

    before: list[LoginStep] = Field(default_factory=list)
    token: ItemPath | None = None
    expires: ItemPath | None = None
    expires_unit: Literal["s", "ms"] = "s"
    expires_kind: Literal["duration", "epoch"] = "duration"
    lasts_seconds: float | None = Field(default=None, gt=0)
    place: Literal["query", "header", "cookie"] = "query"
    name: str = "access_token"
    prefix: str = ""
    lost_status: list[Scalar] = Field(default=[401])
    lost_words: list[str] = Field(default_factory=list)
    base_url: str | None = None


class MesTls(Config):
    """ca_env, proxy_env: environment variables that name a file of trusted certificates and a proxy.

    verify false needs `why`: a written reason for reading over a line that anyone may listen to.
    """

    ca_env: EnvName | None = None
    proxy_env: EnvName | None = None
    verify: bool = True
    why: str | None = None

    @model_validator(mode="after")
    def _has_a_reason(self) -> MesTls:
        if not self.verify and not (self.why or "").strip():
            raise ValueError("tls.verify: false needs `why: <the reason>`; better name the certificates in `ca_env`")
        return self
