"""An independent client's walk through the machines of EC2: machines.py PATH-OF-AWS-SIMULATOR."""

import os
import sys

import boto3
from botocore.exceptions import ClientError
from botocore.utils import InstanceMetadataFetcher

import simulator

# How boto3 waits: often, for tests have short boots.
OFTEN = {"Delay": 1, "MaxAttempts": 30}


def refused(operation, code, **parameters):
    """Asserts that a call fails with this code, as boto3 parses it."""
    try:
        operation(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["RequestId"], error.response
    else:
        raise AssertionError(f"{parameters} was accepted")


def described(ec2, **wanted):
    reservations = ec2.describe_instances(**wanted)["Reservations"]
    return [machine for reservation in reservations for machine in reservation["Instances"]]


def run_and_describe(ec2):
    """Runs three machines of one reservation; returns their ids."""
    ran = ec2.run_instances(
        ImageId="ami-1",
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=3,
        Placement={"AvailabilityZone": "us-east-1b"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "search & rescue"}]}],
    )
    ids = [machine["InstanceId"] for machine in ran["Instances"]]
    assert len(ids) == 3 and ran["ReservationId"].startswith("r-"), ran
    assert all(machine["State"] == {"Code": 0, "Name": "pending"} for machine in ran["Instances"]), ran
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=OFTEN)
    machines = described(ec2, Filters=[{"Name": "tag:team", "Values": ["search*"]}])
    assert sorted(machine["InstanceId"] for machine in machines) == sorted(ids), machines
    for machine in machines:
        assert machine["State"] == {"Code": 16, "Name": "running"}, machine
        assert machine["Placement"]["AvailabilityZone"] == "us-east-1b", machine
        assert machine["InstanceType"] == "m5.large" and machine["ImageId"] == "ami-1", machine
        assert machine["PrivateDnsName"] == f"ip-{machine['PrivateIpAddress'].replace('.', '-')}.ec2.internal", machine
        assert machine["LaunchTime"].tzinfo is not None, machine
    return ids


def power(ec2, id):
    """Stops and starts a machine as boto3's waiters see it."""
    (change,) = ec2.stop_instances(InstanceIds=[id])["StoppingInstances"]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("running", "stopping"), change
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[id], WaiterConfig=OFTEN)
    (machine,) = described(ec2, InstanceIds=[id])
    assert machine["StateReason"]["Code"] == "Client.UserInitiatedShutdown", machine
    listed = ec2.describe_instance_status(InstanceIds=[id])["InstanceStatuses"]
    assert listed == [], "only those that run are listed unless all are asked for"
    (status,) = ec2.describe_instance_status(InstanceIds=[id], IncludeAllInstances=True)["InstanceStatuses"]
    assert status["InstanceState"]["Name"] == "stopped", status
    (change,) = ec2.start_instances(InstanceIds=[id])["StartingInstances"]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("stopped", "pending"), change
    ec2.get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig=OFTEN)
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=[id], WaiterConfig=OFTEN)
    ec2.reboot_instances(InstanceIds=[id])


def tags(ec2, id):
    ec2.create_tags(Resources=[id], Tags=[{"Key": "Name", "Value": "one"}, {"Key": "empty", "Value": ""}])
    of_it = [{"Name": "resource-id", "Values": [id]}]
    seen = {row["Key"]: row["Value"] for row in ec2.describe_tags(Filters=of_it)["Tags"]}
    assert seen == {"Name": "one", "empty": "", "team": "search & rescue"}, seen
    ec2.delete_tags(Resources=[id], Tags=[{"Key": "empty"}, {"Key": "Name", "Value": "another"}])
    seen = {row["Key"] for row in ec2.describe_tags(Filters=of_it)["Tags"]}
    assert seen == {"Name", "team"}, "a tag of another value stays"
    refused(ec2.create_tags, "InvalidParameterValue", Resources=[id], Tags=[{"Key": "aws:x", "Value": ""}])


def pages(ec2):
    """boto3's paginators come to the end of lists of several pages."""
    ec2.run_instances(ImageId="ami-1", MinCount=9, MaxCount=9)
    sizes = {"PaginationConfig": {"PageSize": 5}}
    found = list(ec2.get_paginator("describe_instances").paginate(**sizes))
    ids = {machine["InstanceId"] for page in found for one in page["Reservations"] for machine in one["Instances"]}
    assert (len(found), len(ids)) == (3, 12), (len(found), ids)
    found = list(ec2.get_paginator("describe_instance_status").paginate(IncludeAllInstances=True, **sizes))
    assert [len(page["InstanceStatuses"]) for page in found] == [5, 5, 2], found
    found = list(ec2.get_paginator("describe_tags").paginate(**sizes))
    assert sum(len(page["Tags"]) for page in found) == 4, found


def refusals(ec2, id):
    refused(ec2.describe_instances, "InvalidInstanceID.NotFound", InstanceIds=["i-00000000000000001"])
    refused(ec2.describe_instances, "InvalidInstanceID.Malformed", InstanceIds=["server"])
    refused(ec2.describe_instances, "InvalidNextToken", NextToken="guess")
    refused(ec2.terminate_instances, "DryRunOperation", InstanceIds=[id], DryRun=True)
    refused(ec2.run_instances, "InvalidParameterValue", ImageId="ami-1", MinCount=2, MaxCount=1)


def metadata(ec2, endpoint, id):
    """botocore's own client of the metadata service: a token, the role, its credentials."""
    base = simulator.instances(endpoint)[id]["imdsEndpoint"]
    fetcher = InstanceMetadataFetcher(timeout=5, num_attempts=1, base_url=base + "/")
    assert fetcher.retrieve_iam_role_credentials() == {}, "a machine without a role has no credentials"
    token = fetcher._fetch_metadata_token()
    text = fetcher._get_request("latest/meta-data/instance-id", fetcher._default_retry, token=token).text
    assert text == id, text
    ec2.modify_instance_metadata_options(InstanceId=id, HttpEndpoint="disabled")
    assert fetcher.retrieve_iam_role_credentials() == {}, "a disabled service has nothing to tell"


def terminate(ec2, ids):
    changes = ec2.terminate_instances(InstanceIds=ids)["TerminatingInstances"]
    assert {change["CurrentState"]["Name"] for change in changes} == {"shutting-down"}, changes
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=OFTEN)
    refused(ec2.start_instances, "IncorrectInstanceState", InstanceIds=ids[:1])


def main(program):
    with simulator.running(program, "--boot-time", "300ms", "--stop-time", "100ms") as (endpoint, variables):
        environment = simulator.clean_environment(variables)
        os.environ.clear()
        os.environ.update(environment)
        ec2 = boto3.client("ec2")
        ids = run_and_describe(ec2)
        power(ec2, ids[0])
        tags(ec2, ids[0])
        metadata(ec2, endpoint, ids[1])
        pages(ec2)
        refusals(ec2, ids[0])
        terminate(ec2, ids)
    print(f"boto3 {boto3.__version__} ran, stopped, started and terminated {len(ids)} machines")


main(sys.argv[1])
