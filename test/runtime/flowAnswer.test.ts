import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FlowAnswer, FlowResponse } from '../../runtime/flowAnswer';

function answered(use: (response: FlowResponse) => void): FlowAnswer {
    const answers: FlowAnswer[] = [];
    use(new FlowResponse((answer) => answers.push(answer)));
    assert.equal(answers.length, 1);
    return answers[0]!;
}

describe('what a flow answers through the core http response node', () => {
    it('keeps status, headers and body', () => {
        const answer = answered((response) => response.set({ 'X-Door': 'open' }).status(201).send('granted'));
        assert.deepEqual(answer, { statusCode: 201, headers: { 'x-door': 'open' }, body: 'granted' });
    });

    it('turns objects into JSON of the right length', () => {
        const answer = answered((response) => response.set('content-length', 3).status(200).jsonp({ result: 'ok' }));
        assert.equal(answer.body, '{"result":"ok"}');
        assert.equal(answer.headers['content-length'], undefined);
        assert.match(answer.headers['content-type']!, /json/);
    });

    it('is empty where the flow gives nothing', () => {
        assert.equal(answered((response) => response.send(undefined)).body, '');
    });
});
