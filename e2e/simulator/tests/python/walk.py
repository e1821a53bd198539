"""An independent client's walk through the life of a warm pool: walk.py PATH-OF-AWS-SIMULATOR.

boto3 judges here what our own tests, written with the Rust SDK beside the simulator, might get wrong on both sides.
"""

import hashlib
import json
import os
import sys

import boto3
from botocore.exceptions import ClientError
from botocore.utils import IMDSFetcher, InstanceMetadataRegionFetcher

import simulator
from simulator import wait_until

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
ROLE = "arn:aws:iam::000000000000:role/hooks"
GROUP = {"AutoScalingGroupName": "web"}


class Walk:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.scaling = boto3.client("autoscaling")
        self.sqs = boto3.client("sqs")

    def refused(self, operation, code, text, **parameters):
        """Asserts that a call fails with this code and text, as boto3 parses them."""
        try:
            getattr(self.scaling, operation)(**parameters)
        except ClientError as error:
            seen = error.response["Error"]
            assert seen["Code"] == code and text in seen["Message"], seen
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
            assert error.response["ResponseMetadata"]["RequestId"], error.response
        else:
            raise AssertionError(f"{operation} {parameters} was accepted")

    def group(self):
        (group,) = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"]
        return group

    def pool(self):
        return self.scaling.describe_warm_pool(**GROUP)["Instances"]

    def state(self, instance):
        """Its lifecycle state; none if Auto Scaling does not list it."""
        listed = self.scaling.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"]
        return listed[0]["LifecycleState"] if listed else None

    def reaches(self, instance, state):
        wait_until(f"{instance} is {state}", lambda: self.state(instance) == state)

    def message(self):
        """The next message of the queue, with its sum checked, and deleted."""
        received = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=20)["Messages"]
        (message,) = received
        assert hashlib.md5(message["Body"].encode()).hexdigest() == message["MD5OfBody"]
        self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])

    def action(self, hook, transition, origin, destination):
        """The next lifecycle action that the queue tells of."""
        action = self.message()
        assert action["LifecycleHookName"] == hook, action
        assert action["LifecycleTransition"] == transition, action
        assert (action["Origin"], action["Destination"]) == (origin, destination), action
        return action["EC2InstanceId"], action["LifecycleActionToken"]

    def complete(self, hook, token, result="CONTINUE"):
        self.scaling.complete_lifecycle_action(
            **GROUP, LifecycleHookName=hook, LifecycleActionToken=token, LifecycleActionResult=result
        )

    def target(self, instance):
        """What the instance's metadata service says, fetched by botocore with a session token."""
        base = simulator.instances(self.endpoint)[instance]["imdsEndpoint"]
        return Metadata(base_url=base + "/").get("latest/meta-data/autoscaling/target-lifecycle-state")

    # The walk.

    def create(self):
        self.queue = self.sqs.create_queue(QueueName="hooks")["QueueUrl"]
        asked = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        target = {"NotificationTargetARN": asked["Attributes"]["QueueArn"], "RoleARN": ROLE}
        self.refused("describe_warm_pool", "ValidationError", "web", **GROUP)
        tag = {"ResourceId": "web", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
        self.scaling.create_auto_scaling_group(
            **GROUP,
            MinSize=0,
            MaxSize=2,
            AvailabilityZones=["us-east-1a"],
            LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
            Tags=[{**tag, "Key": "team", "Value": "search & rescue"}],
        )
        group = self.group()
        assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (0, 2, 0), group
        assert group["Tags"][0]["Value"] == "search & rescue", group
        self.refused(
            "create_auto_scaling_group", "AlreadyExists", "", **GROUP, MinSize=0, MaxSize=1,
            AvailabilityZones=["us-east-1a"], LaunchTemplate={"LaunchTemplateName": "web"},
        )  # fmt: skip
        hook = {**GROUP, "LifecycleTransition": LAUNCHING, "LifecycleHookName": "launch"}
        for seconds in (29, 7201):
            self.refused("put_lifecycle_hook", "ValidationError", "", **hook, HeartbeatTimeout=seconds)
        self.scaling.put_lifecycle_hook(**hook, **target, HeartbeatTimeout=60)
        hook = {**GROUP, "LifecycleTransition": TERMINATING, "LifecycleHookName": "terminate"}
        self.scaling.put_lifecycle_hook(**hook, **target, HeartbeatTimeout=60, DefaultResult="CONTINUE")
        hooks = {hook["LifecycleHookName"]: hook for hook in self.scaling.describe_lifecycle_hooks(**GROUP)["LifecycleHooks"]}
        assert hooks["launch"]["DefaultResult"] == "ABANDON" and hooks["terminate"]["DefaultResult"] == "CONTINUE"
        assert hooks["launch"]["HeartbeatTimeout"] == 60 and hooks["launch"]["GlobalTimeout"] == 6000, hooks
        for _ in hooks:
            assert self.message()["Event"] == "autoscaling:TEST_NOTIFICATION"

    def warm(self):
        self.scaling.put_warm_pool(
            **GROUP, MaxGroupPreparedCapacity=1, PoolState="Stopped", InstanceReusePolicy={"ReuseOnScaleIn": True}
        )
        instance, token = self.action("launch", LAUNCHING, "EC2", "WarmPool")
        assert self.state(instance) == "Warmed:Pending:Wait"
        assert self.target(instance) == "Warmed:Stopped"
        assert self.region(instance) == "us-east-1"
        named = {**GROUP, "LifecycleHookName": "launch", "LifecycleActionResult": "CONTINUE"}
        wrong = "00000000-0000-0000-0000-000000000000"
        missing = f"No active Lifecycle Action found with token {wrong}"
        self.refused("complete_lifecycle_action", "ValidationError", missing, **named, LifecycleActionToken=wrong)
        self.scaling.record_lifecycle_action_heartbeat(
            **GROUP, LifecycleHookName="launch", LifecycleActionToken=token
        )
        self.complete("launch", token)
        self.reaches(instance, "Warmed:Stopped")
        missing = f"No active Lifecycle Action found with instance ID {instance}"
        self.refused("complete_lifecycle_action", "ValidationError", missing, **named, InstanceId=instance)
        assert [(row["InstanceId"], row["LifecycleState"]) for row in self.pool()] == [(instance, "Warmed:Stopped")]
        assert self.group()["WarmPoolSize"] == 1 and self.group()["Instances"] == []
        return instance

    def region(self, instance):
        base = simulator.instances(self.endpoint)[instance]["imdsEndpoint"]
        config = {"ec2_metadata_service_endpoint": base, "ec2_metadata_v1_disabled": True}
        return InstanceMetadataRegionFetcher(config=config).retrieve_region()

    def scale_out(self, instance):
        self.scaling.set_desired_capacity(**GROUP, DesiredCapacity=1)
        told, token = self.action("launch", LAUNCHING, "WarmPool", "AutoScalingGroup")
        assert told == instance, "the pool is not used"
        assert self.state(instance) == "Pending:Wait" and self.target(instance) == "InService"
        self.complete("launch", token)
        self.reaches(instance, "InService")
        assert [row["InstanceId"] for row in self.group()["Instances"]] == [instance]
        assert self.pool() == []

    def scale_in(self, instance):
        self.scaling.set_desired_capacity(**GROUP, DesiredCapacity=0)
        told, token = self.action("terminate", TERMINATING, "AutoScalingGroup", "WarmPool")
        assert told == instance and self.state(instance) == "Warmed:Pending:Wait"
        self.complete("terminate", token)
        self.reaches(instance, "Warmed:Stopped")

    def end(self, instance):
        """Without a pool scale-in terminates."""
        self.scaling.delete_warm_pool(**GROUP, ForceDelete=True)
        wait_until("the pool is gone", lambda: "WarmPoolConfiguration" not in self.scaling.describe_warm_pool(**GROUP))
        self.refused("set_desired_capacity", "ValidationError", "above max value 2", **GROUP, DesiredCapacity=3)
        self.scaling.set_desired_capacity(**GROUP, DesiredCapacity=0)
        told, token = self.action("terminate", TERMINATING, "AutoScalingGroup", "EC2")
        assert told == instance and self.state(instance) == "Terminating:Wait"
        assert self.target(instance) == "Terminated"
        self.complete("terminate", token)
        wait_until(f"{instance} is gone", lambda: self.state(instance) is None)
        self.scaling.delete_auto_scaling_group(**GROUP)
        assert self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []

    def pages(self):
        """boto3's own paginators come to the end of a list of several pages."""
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName="many", MinSize=0, MaxSize=60, DesiredCapacity=60,
            AvailabilityZones=["us-east-1a"], LaunchTemplate={"LaunchTemplateName": "web"},
        )  # fmt: skip
        pages = list(self.scaling.get_paginator("describe_auto_scaling_instances").paginate())
        ids = {row["InstanceId"] for page in pages for row in page["AutoScalingInstances"]}
        assert (len(pages), len(ids)) == (2, 60), (len(pages), len(ids))


class Metadata(IMDSFetcher):
    """botocore's fetcher, for a path of our choice: a token first, then the path with it."""

    def get(self, path):
        token = self._fetch_metadata_token()
        assert token, "no session token"
        return self._get_request(path, self._default_retry, token=token).text


def main(program):
    with simulator.running(program, "--boot-time", "300ms", "--stop-time", "100ms") as (endpoint, variables):
        environment = simulator.clean_environment(variables)
        os.environ.clear()
        os.environ.update(environment)
        walk = Walk(endpoint)
        walk.create()
        instance = walk.warm()
        for _ in ("first", "reused"):
            walk.scale_out(instance)
            walk.scale_in(instance)
        walk.scale_out(instance)
        walk.end(instance)
        walk.pages()
    print(f"boto3 {boto3.__version__} walked through the life of {instance}")


main(sys.argv[1])
