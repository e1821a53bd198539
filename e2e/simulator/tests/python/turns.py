"""An independent client's walk through what else can happen to an instance: turns.py PATH-OF-AWS-SIMULATOR.

Every end of a hook in every direction, standby, and an instance refresh, with hooks told to a queue that boto3 reads.
"""

import json
import os
import sys

import boto3

import simulator
from simulator import wait_until

ROLE = "arn:aws:iam::000000000000:role/hooks"


class Group:
    """A group of its own, whose hooks tell a queue of its own."""

    def __init__(self, name, **settings):
        self.scaling, self.sqs = boto3.client("autoscaling"), boto3.client("sqs")
        self.name = {"AutoScalingGroupName": name}
        self.queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        asked = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        self.target = asked["Attributes"]["QueueArn"]
        template = {"LaunchTemplateName": "web", "Version": "1"}
        self.scaling.create_auto_scaling_group(
            **self.name, MinSize=0, MaxSize=3, AvailabilityZones=["us-east-1a"], LaunchTemplate=template, **settings
        )

    def hook(self, way):
        self.scaling.put_lifecycle_hook(
            **self.name,
            LifecycleHookName=way,
            LifecycleTransition=f"autoscaling:EC2_INSTANCE_{way}",
            NotificationTargetARN=self.target,
            RoleARN=ROLE,
            NotificationMetadata=f"{way} & more",
        )

    def desire(self, size):
        self.scaling.set_desired_capacity(**self.name, DesiredCapacity=size)

    def action(self, way, origin, destination):
        """The next lifecycle action in the queue, test notifications passed by."""
        while True:
            received = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=20, MaxNumberOfMessages=1)
            (message,) = received["Messages"]
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            action = json.loads(message["Body"])
            if action.get("Event") == "autoscaling:TEST_NOTIFICATION":
                continue
            assert action["LifecycleTransition"] == f"autoscaling:EC2_INSTANCE_{way}", action
            assert (action["Origin"], action["Destination"]) == (origin, destination), action
            assert action["NotificationMetadata"] == f"{way} & more", action
            assert action["Service"] == "AWS Auto Scaling" and action["AccountId"] == "000000000000", action
            return action

    def answer(self, action, result):
        self.scaling.complete_lifecycle_action(
            **self.name,
            LifecycleHookName=action["LifecycleHookName"],
            LifecycleActionToken=action["LifecycleActionToken"],
            LifecycleActionResult=result,
        )

    def states(self):
        """The lifecycle states of all members, by id."""
        rows = self.scaling.describe_auto_scaling_instances()["AutoScalingInstances"]
        mine = [row for row in rows if row["AutoScalingGroupName"] == self.name["AutoScalingGroupName"]]
        return {row["InstanceId"]: row["LifecycleState"] for row in mine}

    def reach(self, states):
        """Waits until the members are in these states; returns their ids."""
        seen = wait_until(f"{self.name} is {states}", lambda: self.have(states))
        return list(seen)

    def have(self, states):
        seen = self.states()
        return seen if sorted(seen.values()) == sorted(states) else None

    def gone(self, instance):
        wait_until(f"{instance} is gone", lambda: instance not in self.states())


def abandoned_launch():
    """EC2 -> group: the instance is terminated, and another launched."""
    group = Group("launch")
    group.hook("LAUNCHING")
    group.desire(1)
    first = group.action("LAUNCHING", "EC2", "AutoScalingGroup")
    group.answer(first, "ABANDON")
    second = group.action("LAUNCHING", "EC2", "AutoScalingGroup")
    assert second["EC2InstanceId"] != first["EC2InstanceId"] and second["LifecycleActionToken"] != first["LifecycleActionToken"]
    group.gone(first["EC2InstanceId"])
    group.answer(second, "CONTINUE")
    assert group.reach(["InService"]) == [second["EC2InstanceId"]]
    failed = [row for row in group.scaling.describe_scaling_activities(**group.name)["Activities"] if row["StatusCode"] == "Cancelled"]
    assert len(failed) == 1 and "ABANDON Result" in failed[0]["StatusMessage"], failed


def abandoned_ways_of_a_pool():
    """EC2 -> pool and pool -> group: terminated. group -> pool: into the pool all the same. pool -> EC2: terminated."""
    group = Group("pool")
    group.hook("LAUNCHING")
    group.scaling.put_warm_pool(
        **group.name, MaxGroupPreparedCapacity=1, PoolState="Running", InstanceReusePolicy={"ReuseOnScaleIn": True}
    )
    first = group.action("LAUNCHING", "EC2", "WarmPool")
    group.answer(first, "ABANDON")
    second = group.action("LAUNCHING", "EC2", "WarmPool")
    group.answer(second, "CONTINUE")
    group.gone(first["EC2InstanceId"])
    assert group.reach(["Warmed:Running"]) == [second["EC2InstanceId"]]

    group.desire(1)
    promoted = group.action("LAUNCHING", "WarmPool", "AutoScalingGroup")
    assert promoted["EC2InstanceId"] == second["EC2InstanceId"]
    group.answer(promoted, "ABANDON")
    third = group.action("LAUNCHING", "EC2", "AutoScalingGroup")
    group.answer(third, "CONTINUE")
    group.gone(second["EC2InstanceId"])
    assert group.reach(["InService"]) == [third["EC2InstanceId"]]

    group.hook("TERMINATING")
    group.desire(0)
    returning = group.action("TERMINATING", "AutoScalingGroup", "WarmPool")
    group.answer(returning, "ABANDON")
    assert group.reach(["Warmed:Running"]) == [third["EC2InstanceId"]]

    group.scaling.delete_warm_pool(**group.name, ForceDelete=True)
    retiring = group.action("TERMINATING", "WarmPool", "EC2")
    assert group.states() == {third["EC2InstanceId"]: "Warmed:Terminating:Wait"}
    group.answer(retiring, "ABANDON")
    group.gone(third["EC2InstanceId"])


def abandoned_termination():
    """group -> EC2: terminated, or kept under a policy that says so until it is terminated once more."""
    policy = {"RetentionTriggers": {"TerminateHookAbandon": "retain"}}
    for retains in (False, True):
        group = Group(f"retains-{retains}", **({"InstanceLifecyclePolicy": policy} if retains else {}))
        group.desire(1)
        (instance,) = group.reach(["InService"])
        group.hook("TERMINATING")
        group.desire(0)
        action = group.action("TERMINATING", "AutoScalingGroup", "EC2")
        group.answer(action, "ABANDON")
        if retains:
            assert group.reach(["Terminating:Retained"]) == [instance]
            group.scaling.terminate_instance_in_auto_scaling_group(
                InstanceId=instance, ShouldDecrementDesiredCapacity=False
            )
            again = group.action("TERMINATING", "AutoScalingGroup", "EC2")
            assert again["LifecycleActionToken"] != action["LifecycleActionToken"]
            group.answer(again, "CONTINUE")
        group.gone(instance)


def standby():
    """Out of service and back, without a hook either way."""
    group = Group("standby")
    group.desire(1)
    (instance,) = group.reach(["InService"])
    group.hook("LAUNCHING")
    group.hook("TERMINATING")
    named = {**group.name, "InstanceIds": [instance]}
    (activity,) = group.scaling.enter_standby(**named, ShouldDecrementDesiredCapacity=True)["Activities"]
    assert activity["Description"] == f"Moving EC2 instance to Standby: {instance}", activity
    group.reach(["Standby"])
    (described,) = group.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["standby"])["AutoScalingGroups"]
    assert described["DesiredCapacity"] == 0 and len(described["Instances"]) == 1, described
    group.scaling.exit_standby(**named)
    group.reach(["InService"])
    for _ in range(2):  # the test notifications of the two hooks
        (message,) = group.sqs.receive_message(QueueUrl=group.queue)["Messages"]
        assert "TEST_NOTIFICATION" in message["Body"], message
    assert "Messages" not in group.sqs.receive_message(QueueUrl=group.queue), "standby has no hooks"


def refresh():
    """Both instances are replaced, one after the other, and the group takes over the template."""
    group = Group("refresh")
    group.desire(2)
    before = group.reach(["InService"] * 2)
    wanted = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "2"}}
    id = group.scaling.start_instance_refresh(
        **group.name, DesiredConfiguration=wanted, Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 0}
    )["InstanceRefreshId"]

    def done():
        (row,) = group.scaling.describe_instance_refreshes(**group.name, InstanceRefreshIds=[id])["InstanceRefreshes"]
        return row if row["Status"] not in ("Pending", "InProgress") else None

    row = wait_until("the refresh is over", done)
    assert (row["Status"], row["PercentageComplete"], row["InstancesToUpdate"]) == ("Successful", 100, 0), row
    group.reach(["InService"] * 2)
    assert not set(group.states()) & set(before), "an old one is still there"
    (described,) = group.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["refresh"])["AutoScalingGroups"]
    assert described["LaunchTemplate"]["Version"] == "2", described
    assert {row["LaunchTemplate"]["Version"] for row in described["Instances"]} == {"2"}, described


def main(program):
    with simulator.running(program, "--boot-time", "300ms", "--stop-time", "100ms") as (_, variables):
        environment = simulator.clean_environment(variables)
        os.environ.clear()
        os.environ.update(environment)
        walks = (abandoned_launch, abandoned_ways_of_a_pool, abandoned_termination, standby, refresh)
        for walk in walks:
            walk()
    print(f"boto3 {boto3.__version__} took {len(walks)} other turns")


main(sys.argv[1])
