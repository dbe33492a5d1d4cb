import { OPERATIONS } from '../protocols/operations';
import { isPaged, type Operation, type Parameter } from '../protocols/operations/operation';

/** The operation of an id, or `undefined`. */
export function operationOf(id: string): Operation | undefined {
    return Object.hasOwn(OPERATIONS, id) ? OPERATIONS[id] : undefined;
}

/** An operation as an editor needs to know it; its words stand in the catalogues. */
export interface OperationOutline {
    id: string;
    area: string;
    parameters: ({ name: string } & Parameter)[];
    paged: boolean;
    download: boolean;
    physical: boolean;
}

export function outlineOperations(): OperationOutline[] {
    return Object.entries(OPERATIONS).map(([id, operation]) => ({
        id,
        area: operation.area,
        parameters: Object.entries(operation.parameters).map(([name, parameter]) => ({ name, ...parameter })),
        paged: isPaged(operation),
        download: operation.download === true,
        physical: operation.physical === true,
    }));
}
