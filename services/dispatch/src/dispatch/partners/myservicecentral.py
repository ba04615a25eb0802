"""The default protocol of a MyServiceCentral account.

The partner's real protocol is private: none of this is a published fact. It is what the bundled simulator
speaks; an office that has the partner's own documents writes its protocol into the partner account instead.
"""

from dispatch.partners.base import Protocol, SuccessRule

MYSERVICECENTRAL = Protocol(
    method="POST",
    url="{{ account.url }}",
    headers={"Content-Type": "application/json", "Idempotency-Key": "{{ update.id }}"},
    body="""{
  "companyId": {{ account.company_id | json }},
  "userId": {{ account.user_id | json }},
  "password": {{ account.password | json }},
  "updateId": {{ update.id | json }},
  "dispatchId": {{ update.number | json }},
  "statusCode": {{ update.code | json }},
  "statusName": {{ update.name | json }},
  "statusDateTime": {{ update.local | json }},
  "note": {{ update.note | json }}
}""",
    success=SuccessRule(statuses=(200, 201), path="result", accepted="(?i)success|accepted|ok"),
)
