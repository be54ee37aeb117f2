"""A bucket of an S3 server that keeps second copies, and who may do what there."""

from pydantic import Field

from inventory.frozen import Frozen
from inventory.scalars import (
    ACCESS_KEY,
    BUCKET_NAME,
    REGION,
    TLS_SERVER,
    MunicipalityId,
    SecretRef,
    text,
)


class BucketKey(Frozen):
    """An account of the S3 server: its access key, and where the secret of that is found."""

    access_key: str = text(ACCESS_KEY)
    secret_key: SecretRef


class Bucket(Frozen):
    """A bucket with versions and an object lock; its id stands where a second target is named."""

    id: MunicipalityId = Field(
        description="a word without hyphens, which no host's full name is: second_target: ID"
    )
    endpoint: str = text(TLS_SERVER)
    bucket: str = text(BUCKET_NAME)
    region: str = text(REGION, default="us-east-1")
    lock_days: int = Field(
        ge=1,
        description="how long what comes in stays locked: the days of the bucket's own default "
        "retention in mode COMPLIANCE, at least; copies only go where that is what it says",
    )
    writer: BucketKey = Field(
        description="who adds copies, from each first target: may list and put, not delete or read"
    )
    reader: BucketKey = Field(
        description="who reads copies, for drills and restores: may list and get, versions too"
    )
