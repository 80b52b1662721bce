// Calls every path by a client that was generated from the contract: signs a user up, changes and removes them, and so on.
// It prints each call with its status as JSON.
import { CloudEnvFromJSON, Configuration, OperationsApi, ServiceApi, TeamsApi, UsersApi } from "./generated";

declare const process: { env: Record<string, string> };

const { URL: basePath, TOKEN: accessToken, LOGIN: login, CLOUD_ENV } = process.env;
const cloudEnv = CloudEnvFromJSON(JSON.parse(CLOUD_ENV));
const calls: [string, string, number][] = [];
const configuration = new Configuration({
    basePath,
    accessToken,
    middleware: [{
        post: async ({ init, url, response }) => {
            calls.push([init.method ?? "", new URL(url).pathname, response.status]);
        },
    }],
});
const operations = new OperationsApi(configuration);
const service = new ServiceApi(configuration);
const teams = new TeamsApi(configuration);
const users = new UsersApi(configuration);

async function opens(id: string, password: string): Promise<void> {
    const identity = { methods: ["password"], password: { user: { id, password } } };
    const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ auth: { identity } }) };
    const answer = await fetch(`${cloudEnv.authUrl}/auth/tokens`, asked);
    if (answer.status !== 201) throw new Error(`the password does not open the account: ${answer.status}`);
}

async function signUpChangeAndRemove(): Promise<void> {
    const signUp = { cloudEnv, username: login, password: "correct-horse", email: `${login}@site.example` };
    const person = await users.postCreateUserProject({ signUp });
    await opens(person.userId, "correct-horse");
    const newData = { password: "battery-staple" };
    await users.postChangeUserDetails({ userChange: { cloudEnv, userInfo: { cloudUserId: person.userId, newData } } });
    await opens(person.userId, "battery-staple");
    const userInfo = { cloudUserId: person.userId, projectId: person.projectId };
    await users.deleteDeleteUser({ userRemoval: { cloudEnv, userInfo } });
}

async function createATeamWithAMember(): Promise<void> {
    const name = `${login}_team`;
    const member = await users.postUser({ newUser: { cloudEnv, username: `${login}-2`, name: "Ann", password: "correct-horse" } });
    const userId = member.userCloudId;
    await users.patchUser({ userChange: { cloudEnv, userInfo: { cloudUserId: userId, newData: { email: "a@b.example" } } } });
    const { projectId } = await teams.postTeam({ newTeam: { cloudEnv, name } });
    await teams.postTeamRole({ newTeamRole: { cloudEnv, teamRole: { role: "member", userId, projectId } } });
    const changed = { currentRole: "member", newRole: "admin", userId, projectId } as const;
    await teams.patchTeamRole({ teamRoleChange: { cloudEnv, teamRole: changed } });
    await teams.deleteTeamRole({ teamRoleRemoval: { cloudEnv, teamRole: { role: "admin", userId, projectId } } });
    await teams.deleteTeam({ teamRemoval: { cloudEnv, teamInfo: { projectId } } });
    await users.deleteUser({ userRemoval: { cloudEnv, userInfo: { cloudUserId: userId } } });
}

async function readThePages(): Promise<void> {
    await service.getRunning();
    await service.getHealthz();
    await service.getReadyz();
    await service.getOpenapiJson();
    await service.getDocs();
}

async function askAsAnOperator(): Promise<void> {
    const checked = await operations.postCheckCloud({ cloudCheck: { cloudEnv } });
    if (!checked.ready) throw new Error(JSON.stringify(checked.items));
    await operations.postListUserProjects({ userProjectsRequest: { cloudEnv } });
}

async function callEveryPath(): Promise<void> {
    await readThePages();
    await askAsAnOperator();
    await signUpChangeAndRemove();
    await createATeamWithAMember();
    console.log(JSON.stringify(calls));
}

callEveryPath();
