"""The work of our benches done by libraries of PyPI; see `cargo xtask bench peers`."""

import json
import sys
import time

from scim2_models import Context, EnterpriseUser, PatchOp, User

with open(sys.argv[1], encoding="utf-8") as file:
    inputs = json.load(file)

Person = User[EnterpriseUser]


def measure(name, work):
    """The quickest of several rounds, in microseconds."""
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        work()
        best = min(best, (time.perf_counter() - start) * 1e6)
    print(f"{name}: {best:.1f} us")


def read():
    return Person.model_validate(inputs["user"], scim_ctx=Context.RESOURCE_CREATION_REQUEST)


def apply(operations):
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
    request = PatchOp[Person].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    person = stored.model_copy(deep=True)
    request.patch(person)
    return person


measure("scim2-models, check a user with extension", read)
stored = read()
able = []
for operations in inputs["patches"]:
    try:
        apply(operations)
        able.append(operations)
    except Exception:
        pass
print(f"scim2-models, requests: does {len(able)} of {len(inputs['patches'])}")
measure(f"scim2-models, {len(able)} PATCH requests", lambda: [apply(operations) for operations in able])
