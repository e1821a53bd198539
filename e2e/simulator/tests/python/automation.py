"""An independent client on what a group launches from and changes by: automation.py PATH-OF-AWS-SIMULATOR."""

import datetime
import os
import sys
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

import simulator

GROUP = {"AutoScalingGroupName": "web"}
# Every list that has a name of its own on the wire.
DATA = {
    "ImageId": "ami-0aaaaaaaaaaaaaaaa",
    "InstanceType": "m5.large",
    "SecurityGroupIds": ["sg-1", "sg-2"],
    "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-3"]}],
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True}}],
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "x & y"}]}],
    "LicenseSpecifications": [{"LicenseConfigurationArn": "arn:aws:license-manager:us-east-1:1:license"}],
    "MetadataOptions": {"HttpTokens": "required"},
}


def refused(code, status, operation, **parameters):
    """Asserts that a call fails so, as boto3 parses it."""
    try:
        operation(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
    else:
        raise AssertionError(f"{parameters} was accepted")


def templates(ec2):
    """A template comes back as it was made, and its versions build on each other."""
    made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=DATA)["LaunchTemplate"]
    assert (made["DefaultVersionNumber"], made["LatestVersionNumber"]) == (1, 1), made
    (first,) = ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
    assert first["LaunchTemplateData"] == DATA, first
    ec2.create_launch_template_version(
        LaunchTemplateId=made["LaunchTemplateId"], SourceVersion="1", LaunchTemplateData={"InstanceType": "c5.large"}
    )
    pages = ec2.get_paginator("describe_launch_template_versions")
    pages = list(pages.paginate(LaunchTemplateName="web", PaginationConfig={"PageSize": 1}))
    second, first = [version for page in pages for version in page["LaunchTemplateVersions"]]
    assert second["LaunchTemplateData"] == {**DATA, "InstanceType": "c5.large"}, second
    modified = ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="2")["LaunchTemplate"]
    assert modified["DefaultVersionNumber"] == 2, modified
    refused("InvalidLaunchTemplateName.NotFoundException", 400, ec2.delete_launch_template, LaunchTemplateName="other")


def launches(scaling, ec2):
    """A group launches what its template says, at once if it is asked to."""
    place = {"MinSize": 0, "MaxSize": 5, "AvailabilityZones": ["us-east-1a", "us-east-1b"]}
    refused("ValidationError", 400, scaling.create_auto_scaling_group, **GROUP, **place)
    template = {"LaunchTemplateName": "web", "Version": "$Default"}
    scaling.create_auto_scaling_group(**GROUP, **place, LaunchTemplate=template)
    asked = {**GROUP, "RequestedCapacity": 1, "AvailabilityZones": ["us-east-1b"], "ClientToken": "once"}
    (launched,) = scaling.launch_instances(**asked)["Instances"]
    assert scaling.launch_instances(**asked)["Instances"] == [launched]
    assert launched["InstanceType"] == "c5.large", launched
    (id,) = launched["InstanceIds"]
    (reservation,) = ec2.describe_instances(InstanceIds=[id])["Reservations"]
    (machine,) = reservation["Instances"]
    assert (machine["ImageId"], machine["SubnetId"]) == (DATA["ImageId"], launched["SubnetId"]), machine
    (kind,) = ec2.describe_instance_types(InstanceTypes=[machine["InstanceType"]])["InstanceTypes"]
    assert kind["MemoryInfo"]["SizeInMiB"] == 4096 and kind["HibernationSupported"], kind
    (subnet,) = ec2.describe_subnets(SubnetIds=[machine["SubnetId"]])["Subnets"]
    assert subnet["AvailabilityZone"] == "us-east-1b", subnet
    assert ec2.describe_vpcs(VpcIds=[subnet["VpcId"]])["Vpcs"][0]["IsDefault"]
    assert ec2.describe_images(ImageIds=[machine["ImageId"]])["Images"][0]["State"] == "available"


def policies(scaling):
    """A policy with steps is executed; the group grows by its step."""
    arn = scaling.put_scaling_policy(
        **GROUP,
        PolicyName="steps",
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        StepAdjustments=[
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 2},
        ],
    )["PolicyARN"]
    scaling.execute_policy(PolicyName=arn, MetricValue=60.5, BreachThreshold=50.0)
    (group,) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["DesiredCapacity"] == 3, group
    (policy,) = scaling.describe_policies(PolicyNames=[arn])["ScalingPolicies"]
    assert len(policy["StepAdjustments"]) == 2 and policy["Enabled"], policy


def schedules(scaling):
    """A scheduled action comes in time."""
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    scaling.put_scheduled_update_group_action(
        **GROUP, ScheduledActionName="down", StartTime=soon, Recurrence="0 20 * * MON-FRI", DesiredCapacity=0
    )
    (action,) = scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    assert abs(action["StartTime"] - soon) < datetime.timedelta(seconds=1), action
    serving = scaling.describe_auto_scaling_instances
    simulator.wait_until("the group is empty", lambda: not serving()["AutoScalingInstances"])
    (action,) = scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    assert action["StartTime"].hour == 20 and action["StartTime"] > soon, action


def signatures(ec2):
    """What nobody signed is refused in each service's words; a signed address will do."""
    nobody = Config(signature_version=UNSIGNED)
    refused("MissingAuthenticationToken", 403, boto3.client("autoscaling", config=nobody).describe_tags)
    refused("MissingParameter", 400, boto3.client("ec2", config=nobody).describe_instances)
    refused("AccessDenied", 403, boto3.client("sqs", config=nobody).list_queues)
    with urllib.request.urlopen(ec2.generate_presigned_url("describe_instances")) as answer:
        assert answer.status == 200


def main(program):
    with simulator.running(program, "--boot-time", "300ms", "--stop-time", "100ms") as (_, variables):
        environment = simulator.clean_environment(variables)
        os.environ.clear()
        os.environ.update(environment)
        scaling, ec2 = boto3.client("autoscaling"), boto3.client("ec2")
        templates(ec2)
        launches(scaling, ec2)
        policies(scaling)
        schedules(scaling)
        signatures(ec2)
    print(f"boto3 {boto3.__version__} launched from templates, by policies and on schedule")


main(sys.argv[1])
